"""The four data sets: made once on the source, kept, and known again by their row counts.

Each is one database whose name says its size (`sysbench_1000000`), so that sets of several
sizes lie side by side. A note in the source's folder holds a hash of what made a set; when the
generator changes, the set is made anew.

| set | what | at full size |
|---|---|---|
| `sysbench` | the tables of sysbench's OLTP tests, each with its secondary index | 4 × 1,000,000 rows, 0.8 GB |
| `odd` | one wide table of odd types, `odd.sql` | 300,000 rows, 0.3 GB |
| `small` | small tables with a secondary index, every tenth with a foreign key | 2,000 tables, 60,000 rows |
| `blobs` | values of 1 to 64 MiB, half of them random | 200 rows, 0.9 GB |
"""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import generate
from servers import PASSWORD, USER, Server

HERE = Path(__file__).resolve().parent

# The numbers above belong to this many rows in each sysbench table; --rows scales them all.
FULL_ROWS = 1_000_000
SYSBENCH_TABLES = 4


@dataclass(frozen=True)
class DataSet:
    """One database of the source, whole when its tables have `rows` rows."""

    name: str
    database: str
    tables: int
    rows: int
    about: str
    make: Callable[[Server], None]

    def ensure(self, server: Server) -> None:
        """Makes the data unless it is there already.

        Raises RuntimeError when what was made has other row counts than it should.
        """
        note = server.folder / f"bench-made-{self.database}"
        if (
            note.exists()
            and note.read_text() == generator_hash()
            and self.found(server) == self.wanted
        ):
            return
        print(f"bench: making {self.database} on {server.kind}", file=sys.stderr)
        server.query(f"DROP DATABASE IF EXISTS {self.database}; CREATE DATABASE {self.database}")
        self.make(server)
        # As large as the data, and of no use to anybody.
        server.forget_binlog()
        if self.found(server) != self.wanted:
            raise RuntimeError(f"{self.database} has {self.found(server)}, not {self.wanted}")
        note.write_text(generator_hash())

    @property
    def wanted(self) -> tuple[int, int]:
        return (self.tables, self.rows)

    def found(self, server: Server) -> tuple[int, int]:
        """The number of tables and of rows in them."""
        if self.database not in server.databases():
            return (0, 0)
        counts = row_counts(server, self.database)
        return (len(counts), sum(counts.values()))


def data_sets(rows: int) -> dict[str, DataSet]:
    """The data sets by name, sized for `rows` rows in each sysbench table."""
    share = rows / FULL_ROWS
    odd = max(100, round(300_000 * share))
    tables = max(20, round(2_000 * share))
    blobs = max(4, round(200 * share))
    small = sum(generate.small_rows(table) for table in range(tables))
    mib = sum(generate.blob_mib(row) for row in range(blobs))
    sets = [
        DataSet(
            "sysbench",
            f"sysbench_{rows}",
            SYSBENCH_TABLES,
            SYSBENCH_TABLES * rows,
            f"{SYSBENCH_TABLES} tables of {rows:,} rows, a secondary index each",
            lambda server: make_sysbench(server, f"sysbench_{rows}", rows),
        ),
        DataSet(
            "odd",
            f"odd_{odd}",
            1,
            odd,
            f"1 wide table of {odd:,} rows, 31 columns, 3 secondary indexes",
            lambda server: make_odd(server, f"odd_{odd}", odd),
        ),
        DataSet(
            "small",
            f"small_{tables}",
            tables,
            small,
            f"{tables:,} tables with {small:,} rows together, secondary indexes, foreign keys",
            lambda server: make_generated(server, f"small_{tables}", "small", tables),
        ),
        DataSet(
            "blobs",
            f"blobs_{blobs}",
            1,
            blobs,
            f"{blobs:,} values of 1 to 64 MiB, {mib:,} MiB together",
            lambda server: make_generated(server, f"blobs_{blobs}", "blobs", blobs),
        ),
    ]
    return {data.name: data for data in sets}


def make_sysbench(server: Server, database: str, rows: int) -> None:
    command = [
        "sysbench",
        "oltp_read_write",
        "--db-driver=mysql",
        f"--mysql-socket={server.socket}",
        f"--mysql-user={USER}",
        f"--mysql-password={PASSWORD}",
        f"--mysql-db={database}",
        f"--tables={SYSBENCH_TABLES}",
        f"--table-size={rows}",
        "--threads=2",
        "prepare",
    ]
    subprocess.run(command, check=True, stdout=sys.stderr)


def make_odd(server: Server, database: str, rows: int) -> None:
    server.query(f"USE {database}; SET @rows = {rows};\n" + (HERE / "odd.sql").read_text())


def make_generated(server: Server, database: str, what: str, size: int) -> None:
    server.feed([sys.executable, "-B", str(HERE / "generate.py"), what, str(size)], database)


def generator_hash() -> str:
    files = [HERE / "odd.sql", HERE / "generate.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def table_names(server: Server, database: str) -> list[str]:
    rows = server.query(
        "SELECT table_name FROM information_schema.tables "
        f"WHERE table_schema = '{database}' AND table_type = 'BASE TABLE' ORDER BY 1"
    )
    return [name for (name,) in rows]


def row_counts(server: Server, database: str) -> dict[str, int]:
    """The exact number of rows of each table."""
    counts = "".join(
        f"SELECT '{name}', COUNT(*) FROM `{database}`.`{name}`;"
        for name in table_names(server, database)
    )
    return {name: int(count) for name, count in server.query(counts)}

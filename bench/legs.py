"""The competitors. Each copies one database from the source into the empty target.

All connect over TCP on loopback without TLS, as the same user, and all write the target's
binary log when it has one, as a target with replicas must. Where a tool has a choice, it gets
the one that was fastest here while giving a correct copy; `README.md` names the choices.

`bound` is no tool but the servers' own limit: what two plain streams cost that know nothing of
types, NULLs, chunks, progress or resuming. It is defined for the sysbench tables only, whose
plain content needs no escaping.
"""

import shlex
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from data import table_names
from measure import Meter
from servers import PASSWORD, USER, Pair, Server, state_folder

# As many as the reference machine has cores; with both servers on it, more only wait.
THREADS = 2

# Files of about this many rows let both threads of myloader work on one large table.
MYDUMPER_ROWS_PER_FILE = 50_000


@dataclass
class Setting:
    """What a leg needs to know."""

    pair: Pair
    database: str
    binary: Path | None
    dbferry_options: str
    folder: Path
    """Empty; for what the leg leaves behind."""


def dbferry(setting: Setting, meter: Meter) -> None:
    """One process that reads and writes; its state is new, and on a disk as its users have it."""
    pair = setting.pair
    secrets = {"DBFERRY_SOURCE_PASSWORD": PASSWORD, "DBFERRY_TARGET_PASSWORD": PASSWORD}
    with tempfile.TemporaryDirectory(dir=state_folder() / "bench", prefix="task-") as state:
        command = [
            *(str(setting.binary), "migrate", pair.source.url, pair.target.url),
            *("--tables", f"{setting.database}.%", "--state-dir", state),
            *shlex.split(setting.dbferry_options),
        ]
        meter.run(command, setting.folder / "stdout", **secrets)


def mysqldump(setting: Setting, meter: Meter) -> None:
    """The flavour's own dump, piped into the flavour's own client."""
    source, target = setting.pair.source, setting.pair.target
    command = [
        *source.program("mysqldump"),
        f"--defaults-file={source.connection_file}",
        "--opt",
        "--quick",
        "--extended-insert",
        "--single-transaction",
        "--no-tablespaces",
        "--max-allowed-packet=1G",
    ]
    if source.kind == "mysql":
        # Otherwise the dump switches the target's binary log off.
        command.append("--set-gtid-purged=OFF")
    command += ["--databases", setting.database]
    meter.pipe([command, target.client("--max-allowed-packet=1G", "--binary-mode")])


def mydumper(setting: Setting, meter: Meter) -> None:
    """The dump goes to memory where there is some, since a disk would only slow it down."""
    dump = setting.folder / "dump"
    meter.run(
        [
            "mydumper",
            *mydumper_connection(setting.pair.source),
            f"--database={setting.database}",
            f"--outputdir={dump}",
            f"--rows={MYDUMPER_ROWS_PER_FILE}",
            "--trx-consistency-only",
            "--verbose=1",
        ]
    )
    meter.run(
        [
            "myloader",
            *mydumper_connection(setting.pair.target),
            f"--directory={dump}",
            "--enable-binlog",
            "--verbose=1",
        ]
    )
    shutil.rmtree(dump)


def mydumper_connection(server: Server) -> list[str]:
    return [
        "--host=127.0.0.1",
        f"--port={server.port}",
        f"--user={USER}",
        f"--password={PASSWORD}",
        f"--threads={THREADS}",
    ]


def bound(setting: Setting, meter: Meter) -> None:
    """Two tables at a time: SELECT into LOAD DATA, and the secondary index afterwards."""
    source, target = setting.pair.source, setting.pair.target
    database = setting.database
    meter.run(target.client("--execute", f"CREATE DATABASE {database}"))
    with ThreadPoolExecutor(THREADS) as workers:
        copies = [
            workers.submit(copy_table, source, target, database, table, meter)
            for table in table_names(source, database)
        ]
        try:
            for copy in copies:
                copy.result()
        except BaseException:
            # The pool would wait for the others first.
            meter.kill("another table failed")
            raise


def copy_table(source: Server, target: Server, database: str, table: str, meter: Meter) -> None:
    meter.run(target.client(database, "--execute", SYSBENCH_TABLE.format(table=table)))
    read = source.client(
        "--quick",
        "--batch",
        "--skip-column-names",
        "--raw",
        database,
        "--execute",
        f"SELECT * FROM {table}",
    )
    write = target.client(
        "--local-infile=1",
        database,
        "--execute",
        f"LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE {table}",
    )
    meter.pipe([read, write])
    index = f"ALTER TABLE {table} ADD INDEX k_{table.removeprefix('sbtest')} (k)"
    meter.run(target.client(database, "--execute", index))


SYSBENCH_TABLE = (
    "CREATE TABLE {table} (id int NOT NULL AUTO_INCREMENT, k int NOT NULL DEFAULT '0', "
    "c char(120) NOT NULL DEFAULT '', pad char(60) NOT NULL DEFAULT '', PRIMARY KEY (id)) ENGINE=InnoDB"
)

LEGS: dict[str, Callable[[Setting, Meter], None]] = {
    "dbferry": dbferry,
    "mysqldump": mysqldump,
    "mydumper": mydumper,
    "bound": bound,
}


def applies(leg: str, data: str) -> bool:
    """Whether a leg can copy a data set at all."""
    return leg != "bound" or data == "sysbench"

"""Proves that a leg made an equal database; without that its time means nothing.

Compared are the tables, their columns, indexes and foreign keys as the servers describe them,
the exact number of rows, and `CHECKSUM TABLE`, which both ends compute over every value. Where
a checksum differs, the columns are summed one by one, to say which of them were changed.
"""

from dataclasses import dataclass

from data import row_counts, table_names
from servers import Server

# A statement names several tables, as 2,000 statements would take longer than the work.
TABLES_PER_CHECKSUM = 100

# What the servers know of a database; each row must be there on both ends.
STRUCTURE = """
SELECT 'column', table_name, column_name, ordinal_position, column_type, is_nullable,
  COALESCE(column_default, '(none)'), COALESCE(collation_name, ''), extra
FROM information_schema.columns WHERE table_schema = '{database}' ORDER BY 2, 4;
SELECT 'index', table_name, index_name, seq_in_index, column_name, non_unique,
  COALESCE(sub_part, ''), index_type
FROM information_schema.statistics WHERE table_schema = '{database}' ORDER BY 2, 3, 4;
SELECT 'foreign key', table_name, constraint_name, referenced_table_name, delete_rule, update_rule
FROM information_schema.referential_constraints WHERE constraint_schema = '{database}' ORDER BY 2, 3;
"""


@dataclass
class Fingerprint:
    """What a database holds."""

    structure: set[tuple[str, ...]]
    rows: dict[str, int]
    checksums: dict[str, str]

    @property
    def row_count(self) -> int:
        return sum(self.rows.values())


def fingerprint(server: Server, database: str) -> Fingerprint:
    """Reads all of a database."""
    return Fingerprint(
        structure={tuple(row) for row in server.query(STRUCTURE.format(database=database))},
        rows=row_counts(server, database),
        checksums=checksums(server, database),
    )


def checksums(server: Server, database: str) -> dict[str, str]:
    names = table_names(server, database)
    found: dict[str, str] = {}
    for start in range(0, len(names), TABLES_PER_CHECKSUM):
        some = ", ".join(
            f"`{database}`.`{name}`" for name in names[start : start + TABLES_PER_CHECKSUM]
        )
        for name, checksum in server.query(f"CHECKSUM TABLE {some}"):
            found[name.removeprefix(f"{database}.")] = checksum
    return found


def differences(source: Server, target: Server, database: str, expected: Fingerprint) -> list[str]:
    """What the target has otherwise than the source; empty when they are equal."""
    if database not in target.databases():
        return ["the database is missing"]
    actual = fingerprint(target, database)
    found = [f"missing: {' '.join(row)}" for row in sorted(expected.structure - actual.structure)]
    found += [
        f"unexpected: {' '.join(row)}" for row in sorted(actual.structure - expected.structure)
    ]
    for table, rows in expected.rows.items():
        if actual.rows.get(table) != rows:
            found.append(f"{table} has {actual.rows.get(table)} rows of {rows}")
        elif actual.checksums.get(table) != expected.checksums[table]:
            columns = changed_columns(source, target, database, table)
            found.append(f"{table} has other values in {', '.join(columns) or 'some column'}")
    return found


def changed_columns(source: Server, target: Server, database: str, table: str) -> list[str]:
    """The columns whose values differ as far as the text of the values shows it."""
    columns = source.query(
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = '{database}' AND table_name = '{table}' ORDER BY ordinal_position"
    )
    sums = ", ".join(
        f"SUM(CRC32({full_text(name, kind)})), COUNT(`{name}`)" for name, kind in columns
    )
    query = f"SELECT {sums} FROM `{database}`.`{table}`"
    (left,), (right,) = source.query(query), target.query(query)
    return [
        name
        for place, (name, _) in enumerate(columns)
        if left[2 * place : 2 * place + 2] != right[2 * place : 2 * place + 2]
    ]


def full_text(column: str, kind: str) -> str:
    # The text of a FLOAT has six digits, that of a DOUBLE all of them.
    return f"`{column}` * 1e0" if kind == "float" else f"`{column}`"

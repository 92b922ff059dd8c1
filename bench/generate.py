#!/usr/bin/env python3
"""Prints the statements that make the data sets `small` and `blobs`, the same at every run.

    generate.py small TABLES
    generate.py blobs ROWS

It is a program of its own because the kernel counts the memory of whoever starts a process as
that process's peak: the benchmark itself must stay small.
"""

import random
import sys

MIB = 1024 * 1024

CITIES = ["Ålesund", "O'Fallon", "São Paulo", "東京", "Wien", "back\\slash"]


def small_rows(table: int) -> int:
    """How many rows table number `table` has: 10 to 50."""
    return 10 + table * 7 % 41


def small_refers(table: int) -> bool:
    """Whether the table has a foreign key to the one before it."""
    return table % 10 == 9


def print_small(tables: int) -> None:
    """Many little tables with a secondary index each; every tenth refers to its neighbour."""
    pick = random.Random(20)
    for table in range(tables):
        print(small_definition(table))
        rows = []
        for row in range(1, small_rows(table) + 1):
            parent = 1 + row % small_rows(table - 1) if small_refers(table) else "NULL"
            city = pick.choice(CITIES).replace("\\", "\\\\").replace("'", "''")
            cents = pick.randrange(10**7)
            rows.append(
                f"({row}, {parent}, 'name {cents:x}', '{city}', {cents / 100:.2f}, "
                f"'20{row % 30:02}-{1 + row % 12:02}-{1 + row % 28:02} 12:{row:02}:00')"
            )
        print(f"INSERT INTO t{table:05} VALUES {', '.join(rows)};")


def small_definition(table: int) -> str:
    refers = ""
    if small_refers(table):
        refers = (
            f", KEY by_parent (parent_id), CONSTRAINT parent_of_{table:05} "
            f"FOREIGN KEY (parent_id) REFERENCES t{table - 1:05} (id) ON DELETE CASCADE"
        )
    return (
        f"CREATE TABLE t{table:05} (id int NOT NULL AUTO_INCREMENT, parent_id int DEFAULT NULL, "
        f"name varchar(60) NOT NULL, city varchar(40) NOT NULL, price decimal(10,2) NOT NULL, "
        f"made datetime NOT NULL, PRIMARY KEY (id), KEY by_name (name){refers}) ENGINE=InnoDB;"
    )


def blob_mib(row: int) -> int:
    """The size of a row: mostly 1 to 4 MiB, some 8, 16 and 32, and a first one of 64."""
    if row == 0:
        return 64
    if row % 50 == 1:
        return 32
    if row % 20 == 2:
        return 16
    return 8 if row % 10 == 3 else 1 + row % 4


def print_blobs(rows: int) -> None:
    """Large values: the even rows are random bytes, the odd ones a pattern full of specials."""
    print(
        "CREATE TABLE blobs (id int NOT NULL AUTO_INCREMENT, name varchar(60) NOT NULL, "
        "body longblob NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;"
    )
    source = random.Random(7)
    pattern = b"a pattern, \0\t\r\n\\'\"\x1a\xff and so on; " + source.randbytes(97)
    for row in range(rows):
        size = blob_mib(row) * MIB + row
        kind = "pattern" if row % 2 else "random"
        body = random_bytes(source, size) if row % 2 == 0 else repeated(pattern, size)
        print(f"INSERT INTO blobs VALUES ({row + 1}, '{kind} {row}', x'{body.hex()}');")


def random_bytes(source: random.Random, size: int) -> bytes:
    return b"".join(source.randbytes(min(MIB, size - start)) for start in range(0, size, MIB))


def repeated(pattern: bytes, size: int) -> bytes:
    return (pattern * (size // len(pattern) + 1))[:size]


if __name__ == "__main__":
    {"small": print_small, "blobs": print_blobs}[sys.argv[1]](int(sys.argv[2]))

"""The command line of `bench/run`: what to measure, and how often."""

import argparse
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import legs
from data import FULL_ROWS, data_sets
from servers import KINDS

DATA = list(data_sets(FULL_ROWS))
LEGS = list(legs.LEGS)


def parse(about: str) -> argparse.Namespace:
    """Understands the command line, or ends the process with a message and status 2."""
    parser = argparse.ArgumentParser(
        prog="bench/run", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "binary",
        nargs="?",
        type=Path,
        metavar="DBFERRY_BINARY",
        help="the release build of dbferry",
    )
    add(
        "--data",
        type=selection(DATA),
        default=DATA,
        metavar="LIST",
        help=f"some of {','.join(DATA)}",
    )
    add(
        "--servers",
        type=selection(KINDS),
        default=KINDS,
        metavar="LIST",
        help=f"some of {','.join(KINDS)}",
    )
    add(
        "--only",
        type=selection(LEGS),
        default=LEGS,
        metavar="LIST",
        help=f"some of {','.join(LEGS)}",
    )
    add(
        "--rows",
        type=positive,
        default=FULL_ROWS,
        metavar="N",
        help="rows of each of the four sysbench tables; the other data shrink alike (default: %(default)s)",
    )
    add(
        "--runs",
        type=positive,
        default=3,
        metavar="N",
        help="how often each leg runs, in turn with the others (default: %(default)s)",
    )
    add(
        "--target-binlog",
        choices=["on", "off"],
        default="on",
        help="the target's binary log (default: %(default)s)",
    )
    add(
        "--dbferry-options",
        default="",
        metavar="WORDS",
        help="more words for `dbferry migrate`, such as '--parallel 4'",
    )
    arguments = parser.parse_args()
    if "dbferry" in arguments.only and not (arguments.binary and arguments.binary.is_file()):
        parser.error("give the path of a dbferry binary, or leave dbferry out with --only")
    for program in peers(arguments):
        if not shutil.which(program):
            parser.error(f"{program} is missing; scripts/install-bench installs it")
    return arguments


def peers(arguments: argparse.Namespace) -> list[str]:
    """The programs of others that this run needs and the servers' packages do not have."""
    maker = ["sysbench"] if "sysbench" in arguments.data else []
    return [*maker, *(["mydumper", "myloader"] if "mydumper" in arguments.only else [])]


def selection(known: Sequence[str]) -> Callable[[str], list[str]]:
    """The type of an option that takes a comma-separated selection of known words."""

    def parse(text: str) -> list[str]:
        words = text.split(",")
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(known)}")
        return words

    return parse


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number

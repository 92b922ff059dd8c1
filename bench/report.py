"""Turns measurements into the tables of RESULTS.md and into JSON.

A row of a table holds medians over the runs. Ratios are taken within each run first, between
legs that ran one after the other, and their median is shown: absolute times on a shared machine
drift, neighbours in time drift together. Only legs that copied everything have numbers.
"""

import datetime
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from measure import Usage

MIB = 1024 * 1024

# Of all cores, over a leg; below this a leg's neighbours are noise.
OTHERS_SHARE_MAX = 0.05

# Where 2,000 tables are wrong, three tell enough; the JSON has them all.
DIFFERENCES_SHOWN = 3


@dataclass
class Outcome:
    """One leg in one run."""

    leg: str
    run: int
    usage: Usage | None = None
    target_binlog_bytes: int = 0
    failure: str | None = None
    differences: list[str] = field(default_factory=list)

    @property
    def counts(self) -> bool:
        return self.usage is not None and not self.differences


@dataclass
class Contest:
    """All legs and runs of one data set on one flavour."""

    server: str
    version: str
    data: str
    about: str
    rows: int
    outcomes: list[Outcome] = field(default_factory=list)

    def legs(self) -> list[str]:
        return list(dict.fromkeys(outcome.leg for outcome in self.outcomes))

    def of(self, leg: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.leg == leg]

    def usages(self, leg: str) -> dict[int, Usage]:
        """What the leg cost in each run in which its copy was right."""
        return {found.run: found.usage for found in self.of(leg) if found.usage and found.counts}

    def wall_ratios(self, leg: str, other: str) -> list[float]:
        """The leg's time over the other's, run by run."""
        others = self.usages(other)
        return [
            usage.wall_s / others[run].wall_s
            for run, usage in self.usages(leg).items()
            if run in others
        ]


@dataclass
class Environment:
    """The machine, the programs and the settings that the numbers belong to."""

    command: str
    server_options: list[str]
    target_binlog: str
    versions: dict[str, str]
    date: str = ""
    processor: str = ""
    cores: int = 0
    memory_gib: float = 0.0
    kernel: str = ""

    def __post_init__(self) -> None:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self.date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self.processor = processor()
        self.cores = os.cpu_count() or 1
        self.memory_gib = round(memory / 1024**3, 1)
        self.kernel = f"{platform.system()} {platform.release()}"


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def version_of(command: Sequence[str]) -> str:
    """The first line that a program prints."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return (ran.stdout or ran.stderr).strip().partition("\n")[0]


def as_json(environment: Environment, contests: list[Contest]) -> dict[str, object]:
    found = [asdict(contest) for contest in contests]
    return {"environment": asdict(environment), "contests": found}


def as_markdown(environment: Environment, contests: list[Contest]) -> str:
    lines = heading(environment)
    for contest in contests:
        lines += table(contest)
    return "\n".join(lines)


def heading(environment: Environment) -> list[str]:
    return [
        f"- Date: {environment.date}",
        f"- Machine: {environment.cores} cores ({environment.processor}), "
        f"{environment.memory_gib} GiB, {environment.kernel}; source, target and tool share it",
        f"- Versions: {'; '.join(environment.versions.values())}",
        f"- Servers: `{' '.join(environment.server_options)}`, "
        f"target's binary log {environment.target_binlog}",
        f"- Command: `{environment.command}`",
        "",
    ]


def table(contest: Contest) -> list[str]:
    lines = [
        f"### {contest.data}, {contest.server}",
        "",
        f"{contest.about}; {contest.version}.",
        "",
        "| leg | wall s | ÷ dbferry | ÷ bound | tool CPU s | tool µs/row | source CPU s | target CPU s "
        "| all CPU s | tool peak MiB | others' CPU s |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [row(contest, leg) for leg in contest.legs()]
    notes = [note for leg in contest.legs() for note in notes_on(contest, leg)]
    notes += disturbances(contest)
    return [*lines, "", *notes, *([""] if notes else [])]


def row(contest: Contest, leg: str) -> str:
    usages = contest.usages(leg).values()
    if not usages:
        return f"| {leg} | no correct copy | | | | | | | | | |"

    def median(of: Callable[[Usage], float], digits: int) -> str:
        return f"{statistics.median([of(usage) for usage in usages]):,.{digits}f}"

    cells = [
        leg,
        median(lambda usage: usage.wall_s, 2),
        ratio(contest, leg, "dbferry"),
        ratio(contest, leg, "bound"),
        median(lambda usage: usage.client_cpu_s, 2),
        median(lambda usage: usage.client_cpu_s * 1e6 / contest.rows, 2),
        median(lambda usage: usage.source_cpu_s, 2),
        median(lambda usage: usage.target_cpu_s, 2),
        median(lambda usage: usage.all_cpu_s, 2),
        median(lambda usage: usage.client_peak_bytes / MIB, 0),
        median(lambda usage: usage.others_cpu_s, 2),
    ]
    return f"| {' | '.join(cells)} |"


def ratio(contest: Contest, leg: str, other: str) -> str:
    ratios = contest.wall_ratios(leg, other)
    return f"{statistics.median(ratios):.2f}" if ratios else ""


def notes_on(contest: Contest, leg: str) -> list[str]:
    """What a reader must know of the runs of a leg beside the medians."""
    notes = []
    walls = [usage.wall_s for usage in contest.usages(leg).values()]
    if len(walls) > 1:
        notes.append(f"- {leg}: {len(walls)} runs of {min(walls):.2f} to {max(walls):.2f} s.")
    for outcome in contest.of(leg):
        place = f"- {leg}, run {outcome.run}:"
        if outcome.failure:
            notes.append(f"{place} failed: {' '.join(outcome.failure.split())}")
        elif outcome.differences:
            shown = "; ".join(outcome.differences[:DIFFERENCES_SHOWN])
            notes.append(
                f"{place} the copy is wrong ({len(outcome.differences)} differences): {shown}"
            )
    return notes


def disturbances(contest: Contest) -> list[str]:
    """One note on the legs that shared the cores with other people's work."""
    limit = OTHERS_SHARE_MAX * (os.cpu_count() or 1)
    disturbed = [
        f"{outcome.leg} {outcome.run}"
        for outcome in contest.outcomes
        if outcome.usage and outcome.usage.others_cpu_s > limit * outcome.usage.wall_s
    ]
    if not disturbed:
        return []
    share = f"others used more than {OTHERS_SHARE_MAX:.0%} of the cores"
    return [f"- Not a quiet machine: {share} during {', '.join(disturbed)} (leg and run)."]

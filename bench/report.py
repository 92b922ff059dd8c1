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

    def wall_ratios(self, leg: str, other: str) -> list[float]:
        """The leg's time over the other's, run by run."""
        walls = {outcome.run: outcome.usage.wall_s for outcome in self.of(other) if outcome.counts}
        return [
            outcome.usage.wall_s / walls[outcome.run]
            for outcome in self.of(leg)
            if outcome.counts and outcome.run in walls
        ]


def environment(programs: dict[str, Sequence[str]], settings: dict[str, object]) -> dict[str, object]:
    """The machine, the versions of the programs, the date and the settings of the benchmark."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="minutes"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 1024**3, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "versions": {name: first_line(command) for name, command in programs.items()},
        **settings,
    }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def first_line(command: Sequence[str]) -> str:
    ran = subprocess.run(command, capture_output=True, text=True)
    return (ran.stdout or ran.stderr).strip().partition("\n")[0]


def as_json(facts: dict[str, object], contests: list[Contest]) -> dict[str, object]:
    return {"environment": facts, "contests": [asdict(contest) for contest in contests]}


def as_markdown(facts: dict[str, object], contests: list[Contest]) -> str:
    return "\n".join([*heading(facts), *(line for contest in contests for line in table(contest))]) + "\n"


def heading(facts: dict[str, object]) -> list[str]:
    machine = f"{facts['cores']} cores ({facts['processor']}), {facts['memory_gib']} GiB, {facts['kernel']}"
    versions = "; ".join(facts["versions"].values())
    return [
        f"- Date: {facts['date']}",
        f"- Machine: {machine}; source, target and tool share it",
        f"- Versions: {versions}",
        f"- Servers: {' '.join(facts['server_options'])}; target's binary log {facts['target_binlog']}",
        f"- Command: `{facts['command']}`",
        "",
    ]


def table(contest: Contest) -> list[str]:
    lines = [
        f"### {contest.data}, {contest.server}",
        "",
        f"{contest.about}; {contest.version}.",
        "",
        "| leg | wall s | ÷ dbferry | ÷ bound | tool CPU s | tool µs/row | source CPU s | target CPU s "
        "| tool peak MiB | others' CPU s |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [row(contest, leg) for leg in contest.legs()]
    notes = [note for leg in contest.legs() for note in notes_on(contest, leg)]
    return [*lines, "", *notes, *([""] if notes else [])]


def row(contest: Contest, leg: str) -> str:
    usages = [outcome.usage for outcome in contest.of(leg) if outcome.counts]
    if not usages:
        return f"| {leg} | no correct copy | | | | | | | | |"

    def median(of: Callable[[Usage], float], digits: int) -> str:
        return f"{statistics.median(map(of, usages)):,.{digits}f}"

    cells = [
        leg,
        median(lambda usage: usage.wall_s, 2),
        ratio(contest, leg, "dbferry"),
        ratio(contest, leg, "bound"),
        median(lambda usage: usage.client_cpu_s, 2),
        median(lambda usage: usage.client_cpu_s * 1e6 / contest.rows, 2),
        median(lambda usage: usage.source_cpu_s, 2),
        median(lambda usage: usage.target_cpu_s, 2),
        median(lambda usage: usage.client_peak_bytes / MIB, 0),
        median(lambda usage: usage.others_cpu_s, 2),
    ]
    return f"| {' | '.join(cells)} |"


def ratio(contest: Contest, leg: str, other: str) -> str:
    ratios = contest.wall_ratios(leg, other)
    return f"{statistics.median(ratios):.2f}" if ratios else ""


def notes_on(contest: Contest, leg: str) -> list[str]:
    """What a reader must know of the runs of a leg beside the medians."""
    outcomes = contest.of(leg)
    notes = []
    walls = [outcome.usage.wall_s for outcome in outcomes if outcome.counts]
    if len(walls) > 1:
        notes.append(f"- {leg}: {len(walls)} runs of {min(walls):.2f} to {max(walls):.2f} s.")
    for outcome in outcomes:
        if outcome.failure:
            notes.append(f"- {leg}, run {outcome.run}: failed: {' '.join(outcome.failure.split())}")
        elif outcome.differences:
            shown = "; ".join(outcome.differences[:3])
            notes.append(
                f"- {leg}, run {outcome.run}: {outcome.usage.wall_s:.2f} s, but the copy is wrong "
                f"({len(outcome.differences)} differences): {shown}"
            )
    if any(disturbed(outcome) for outcome in outcomes):
        notes.append(f"- {leg}: others used more than {OTHERS_SHARE_MAX:.0%} of the cores: not a quiet machine.")
    return notes


def disturbed(outcome: Outcome) -> bool:
    usage = outcome.usage
    return usage is not None and usage.others_cpu_s > OTHERS_SHARE_MAX * usage.wall_s * (os.cpu_count() or 1)

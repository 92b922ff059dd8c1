"""Runs the programs of a leg and measures what they, the servers and everybody else used.

* Wall time is that of the leg: all of its phases, pipes and threads.
* The CPU time of a program comes from the kernel when it ends (`wait4`), exact to the
  microsecond; that of a server is the difference of `/proc/PID/stat`, exact to 10 ms.
* Peak memory is the largest sum of the peaks of programs that ran at the same time. The kernel
  counts a starter's memory as the peak of what it starts, so its number is only taken above
  that floor; below, the program's own `VmHWM` is sampled while it runs.
* What the whole machine used, less the servers' and the programs' part, is other people's work.
  A leg with much of that was not measured on a quiet machine, and the report says so.
"""

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from servers import Pair

# VmHWM only grows, so a sample misses no more than what a program reaches in its last moments.
SAMPLE_S = 0.05

# A leg that hangs must not hang the benchmark; the slowest takes some minutes.
LEG_SECONDS_MAX = 3600

ERROR_LINES_SHOWN = 12


class LegFailed(Exception):
    """A program of a leg ended with an error; the message has its last words."""


@dataclass
class Usage:
    """What one leg cost."""

    wall_s: float = 0.0
    client_cpu_s: float = 0.0
    source_cpu_s: float = 0.0
    target_cpu_s: float = 0.0
    others_cpu_s: float = 0.0
    client_peak_bytes: int = 0

    @property
    def all_cpu_s(self) -> float:
        """What a machine that has both servers on it must spend on the leg."""
        return self.client_cpu_s + self.source_cpu_s + self.target_cpu_s


class Program:
    """A started program."""

    def __init__(self, process: subprocess.Popen, command: Sequence[str], errors: Path):
        self.process = process
        self.command = command
        self.errors = errors
        self.peak_bytes = 0

    def sample_peak(self) -> None:
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak_bytes = max(self.peak_bytes, int(line.split()[1]) * 1024)

    def finish(self) -> float:
        """Waits for the end; returns the CPU seconds used."""
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if used.ru_maxrss > floor:
            self.peak_bytes = max(self.peak_bytes, used.ru_maxrss * 1024)
        return used.ru_utime + used.ru_stime

    def failure(self) -> str:
        words = self.errors.read_text(errors="replace").splitlines()[-ERROR_LINES_SHOWN:]
        return f"{self.command_name()} ended with {self.process.returncode}: " + "\n".join(words)

    def command_name(self) -> str:
        # The servers' own programs are started through their loader.
        name = self.command[3] if self.command[1:2] == ["--library-path"] else self.command[0]
        return Path(name).name


class Meter:
    """Starts the programs of one leg; `pipe` may be called from several threads at once."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._lock = threading.Lock()
        self._running: list[Program] = []
        self._started = 0
        self._killed: str | None = None
        self.cpu_s = 0.0
        self.peak_bytes = 0

    def run(self, command: Sequence[str], output: Path | None = None, **environment: str) -> None:
        """Runs one program to its end. Raises `LegFailed` unless it ends with 0."""
        self.pipe([command], output, **environment)

    def pipe(
        self, commands: Sequence[Sequence[str]], output: Path | None = None, **environment: str
    ) -> None:
        """Runs programs that feed each other. Raises `LegFailed` unless all end with 0."""
        programs: list[Program] = []
        feed: IO[bytes] | int = subprocess.DEVNULL
        for command in commands:
            last = len(programs) == len(commands) - 1
            program = self._start(command, feed, None if not last else output, last, environment)
            if not isinstance(feed, int):
                # Only the reader may hold the pipe, or the writer never learns that it is gone.
                feed.close()
            feed = program.process.stdout or subprocess.DEVNULL
            programs.append(program)
        for program in programs:
            self._finish(program)
        for program in programs:
            if program.process.returncode != 0:
                raise LegFailed(self._killed or program.failure())

    def _start(
        self,
        command: Sequence[str],
        feed: IO[bytes] | int,
        output: Path | None,
        last: bool,
        environment: Mapping[str, str],
    ) -> Program:
        with self._lock:
            if self._killed:
                raise LegFailed(self._killed)
            self._started += 1
            errors = self._folder / f"stderr-{self._started}"
        stdout: IO[bytes] | int = subprocess.DEVNULL if last else subprocess.PIPE
        with open(errors, "wb") as error_file, open(output or os.devnull, "wb") as output_file:
            process = subprocess.Popen(
                command,
                stdin=feed,
                stdout=output_file if output else stdout,
                stderr=error_file,
                env={**os.environ, **environment},
            )
        program = Program(process, command, errors)
        with self._lock:
            self._running.append(program)
        return program

    def _finish(self, program: Program) -> None:
        used = program.finish()
        with self._lock:
            self._note_peak()
            self._running.remove(program)
            self.cpu_s += used

    def _note_peak(self) -> None:
        self.peak_bytes = max(self.peak_bytes, sum(program.peak_bytes for program in self._running))

    def sample(self) -> None:
        """Reads the peaks of the programs that run now."""
        with self._lock:
            for program in self._running:
                program.sample_peak()
            self._note_peak()

    def kill(self, reason: str) -> None:
        """Ends what still runs, and lets nothing more start; the leg fails with the reason."""
        with self._lock:
            self._killed = self._killed or reason
            for program in self._running:
                # Popen's own kill would reap the program, which `finish` waits for.
                if program.process.returncode is None:
                    os.kill(program.process.pid, signal.SIGKILL)


def measure(pair: Pair, folder: Path, leg: Callable[[Meter], None]) -> Usage:
    """Runs a leg and returns what it cost.

    Raises `LegFailed` when one of its programs did, or when it took longer than
    `LEG_SECONDS_MAX`; nothing of it runs any more then.
    """
    # The pages that the leg before has left to be written are not this one's work.
    os.sync()
    meter = Meter(folder)
    over = threading.Event()
    sampler = threading.Thread(target=watch, args=(meter, over), name="sampler")
    machine, source, target = machine_cpu_s(), pair.source.cpu_s(), pair.target.cpu_s()
    own = time.process_time()
    start = time.monotonic()
    sampler.start()
    try:
        leg(meter)
    finally:
        wall = time.monotonic() - start
        over.set()
        meter.kill("the leg is over")
        sampler.join()
    usage = Usage(
        wall_s=wall,
        client_cpu_s=meter.cpu_s,
        source_cpu_s=pair.source.cpu_s() - source,
        target_cpu_s=pair.target.cpu_s() - target,
        client_peak_bytes=meter.peak_bytes,
    )
    ours = usage.all_cpu_s + time.process_time() - own
    usage.others_cpu_s = max(0.0, machine_cpu_s() - machine - ours)
    return usage


def watch(meter: Meter, over: threading.Event) -> None:
    deadline = time.monotonic() + LEG_SECONDS_MAX
    while not over.wait(SAMPLE_S):
        meter.sample()
        if time.monotonic() > deadline:
            meter.kill(f"took longer than {LEG_SECONDS_MAX} s")


def machine_cpu_s() -> float:
    """The time that the machine's cores were busy since its start, stolen time included."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(
            int, stat.readline().split()[1:9]
        )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

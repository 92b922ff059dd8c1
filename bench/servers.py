"""The benchmark's own database servers: a source and a target of one flavour.

Each is a throw-away server of `scripts/servers` in a folder of the state folder. The source
keeps its folder, because making the data takes longer than copying it; it is made anew only
when its options change. The target is new in every run of the benchmark.

Both have the same options (`OPTIONS` and `SIZE_OPTIONS`, above the defaults that
`scripts/servers.d/named.sh` explains), so that no leg wins by the settings of an end.

Administration goes through the unix socket with the flavour's own client. What is measured
connects over TCP on loopback without TLS, all legs alike; `connection_file` has the options.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

KINDS = ("mariadb", "mysql")

# Both ends hold the whole sysbench data in memory, so that the disk is no part of the contest.
OPTIONS = [
    "--innodb-buffer-pool-size=2G",
    # A bulk load then never waits for a checkpoint of the redo log.
    "--max-binlog-size=1G",
]
SIZE_OPTIONS = {
    "mariadb": ["--innodb-log-file-size=4G"],
    "mysql": ["--innodb-redo-log-capacity=4G"],
}

USER = "dbferry"
PASSWORD = "dbferry"

# A server at rest uses well under a hundredth of a core; a purge or a flush far more.
QUIET_CORES_MAX = 0.03
QUIET_WINDOW_S = 0.5
QUIET_DEADLINE_S = 120

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "servers"


def state_folder() -> Path:
    """The folder in which `scripts/servers` and the benchmark keep everything."""
    return Path(os.environ.get("DBFERRY_STATE") or Path.home() / ".cache" / "dbferry")


class Server:
    """A running server, from its start to `stop`."""

    def __init__(self, kind: str, role: str):
        self.kind = kind
        self.folder = state_folder() / "bench" / f"{kind}-{role}"

    def start_kept(self, options: list[str]) -> None:
        """Starts the server with the data it had, or anew where the options are others."""
        note = self.folder / "bench-options"
        wanted = "\n".join(options)
        if note.exists() and note.read_text() == wanted:
            self._script("start", str(self.folder))
        else:
            self.start_new(options)
            note.write_text(wanted)
        self._write_connection_file()

    def start_new(self, options: list[str]) -> None:
        """Starts an empty server; one that was there before is stopped and forgotten."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._script("fresh", self.kind, str(self.folder), "0", "--", *options)
        self._write_connection_file()

    def stop(self) -> None:
        """Shuts the server down cleanly; a stopped one stays as it is."""
        if self.folder.is_dir():
            self._script("stop", str(self.folder))

    def _script(self, *arguments: str) -> None:
        subprocess.run([SCRIPT, *arguments], check=True, stdout=subprocess.DEVNULL)

    @property
    def port(self) -> str:
        return (self.folder / "port").read_text().strip()

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    @property
    def url(self) -> str:
        """The address as dbferry takes it, without the password."""
        return f"mysql://{USER}@127.0.0.1:{self.port}/?ssl-mode=disabled"

    @property
    def connection_file(self) -> Path:
        return self.folder / "bench.cnf"

    def _write_connection_file(self) -> None:
        # The clients of MySQL encrypt by default, those of MariaDB 10.11 and mydumper do not.
        plain = {"mariadb": "skip-ssl", "mysql": "ssl-mode=DISABLED\nget-server-public-key"}
        self.connection_file.write_text(
            f"[client]\nhost=127.0.0.1\nport={self.port}\nprotocol=tcp\n"
            f"user={USER}\npassword={PASSWORD}\n{plain[self.kind]}\n"
        )

    def program(self, name: str) -> list[str]:
        """The words that run a program of the server's own packages: its loader comes first."""
        root = state_folder() / "servers" / "packages" / self.kind / "root"
        loader = next(
            path
            for place in ("usr/lib", "lib")
            for path in sorted((root / place).glob("*-linux-gnu/ld-linux-*.so.*"))
        )
        libraries = ":".join(
            str(path) for place in ("lib", "usr/lib") for path in (root / place).glob("*-linux-gnu")
        )
        return [str(loader), "--library-path", libraries, str(root / "usr" / "bin" / name)]

    def client(self, *arguments: str) -> list[str]:
        """The flavour's command line client, connected as the measured legs are."""
        return [*self.program("mysql"), f"--defaults-file={self.connection_file}", *arguments]

    def query(self, sql: str) -> list[list[str]]:
        """Runs statements and returns the rows of their results as text."""
        command = [str(SCRIPT), "client", str(self.folder), "--batch", "--skip-column-names"]
        ran = subprocess.run(command, input=sql.encode(), stdout=subprocess.PIPE, check=True)
        lines = ran.stdout.decode("utf-8", "surrogateescape").splitlines()
        return [line.split("\t") for line in lines]

    def feed(self, generator: list[str], database: str) -> None:
        """Runs the statements that another command prints, in a database."""
        command = [str(SCRIPT), "client", str(self.folder), "--max-allowed-packet=1G", database]
        with subprocess.Popen(generator, stdout=subprocess.PIPE) as printer:
            subprocess.run(command, stdin=printer.stdout, check=True)
        if printer.returncode != 0:
            raise RuntimeError(f"{' '.join(generator)} ended with status {printer.returncode}")

    def databases(self) -> list[str]:
        """The databases that are not the server's own."""
        rows = self.query(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN "
            "('mysql', 'information_schema', 'performance_schema', 'sys') ORDER BY 1"
        )
        return [name for (name,) in rows]

    def empty(self) -> None:
        """Drops all data and the binary log, and waits until the server has digested that."""
        for name in self.databases():
            self.query(f"SET foreign_key_checks = 0; DROP DATABASE `{name}`")
        self.forget_binlog()
        self.wait_until_quiet()

    def forget_binlog(self) -> None:
        if self.has_binlog():
            forget = {"mariadb": "RESET MASTER", "mysql": "RESET BINARY LOGS AND GTIDS"}
            self.query(forget[self.kind])

    def has_binlog(self) -> bool:
        return self.query("SELECT @@log_bin") == [["1"]]

    def binlog_bytes(self) -> int:
        """The size of the binary log since `empty`; 0 where there is none."""
        if not self.has_binlog():
            return 0
        return sum(int(row[1]) for row in self.query("SHOW BINARY LOGS"))

    def wait_until_quiet(self) -> None:
        """Returns when purging and flushing are over, so that each leg starts from the same."""
        deadline = time.monotonic() + QUIET_DEADLINE_S
        while time.monotonic() < deadline:
            before = self.cpu_s()
            time.sleep(QUIET_WINDOW_S)
            if self.cpu_s() - before <= QUIET_CORES_MAX * QUIET_WINDOW_S:
                return

    def cpu_s(self) -> float:
        """User and system time that the server has used since its start."""
        pid = (self.folder / "pid").read_text().strip()
        # The second field, the name, may hold anything; the numbers follow its last bracket.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def version(self) -> str:
        return self.query("SELECT VERSION()")[0][0]


class Pair:
    """A source and a target of one flavour; they run inside the `with` block."""

    def __init__(self, kind: str, target_binlog: bool):
        self.kind = kind
        self.source = Server(kind, "source")
        self.target = Server(kind, "target")
        self.options = OPTIONS + SIZE_OPTIONS[kind]
        self.target_options = self.options + ([] if target_binlog else ["--skip-log-bin"])

    def __enter__(self) -> "Pair":
        try:
            self.source.start_kept(self.options)
            self.target.start_new(self.target_options)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.source.stop()
        self.target.stop()

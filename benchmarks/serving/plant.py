"""Starting `posology serve` and looking at its processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Running",
    "busy_seconds",
    "children_of",
    "cpu_seconds",
    "memory_mb",
    "run_plant",
    "write_settings",
]

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Running:
    """An application that runs: where it listens, and its minding process."""

    port: int
    minder: int

    def processes(self) -> list[int]:
        """Return the minding process and all it minds, in the order they were started."""
        return [self.minder, *children_of(self.minder)]


def write_settings(folder: Path, store: str, key_file: Path, serve: Mapping[str, object]) -> Path:
    """Write the settings of a run: both profiles work on the same store."""
    lines = ["[serve]", f"key_file = {json.dumps(str(key_file))}", "require_totp = false"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in serve.items()]
    for profile in ("rules", "embedded"):
        lines += [f"[profile.{profile}]", f"store = {json.dumps(store)}"]
    file = folder / "posology.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


@contextmanager
def run_plant(config: Path, profile: str, *, log: Path | None = None) -> Iterator[Running]:
    """Start the application and stop it at the end."""
    command = [str(Path(sys.executable).with_name("posology")), "serve"]
    command += ["--config", str(config), "--profile", profile]
    with open(log or os.devnull, "ab") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield Running(_port_of(process), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        time.sleep(0.1)


def _port_of(process: subprocess.Popen[str]) -> int:
    """Read where the application says that it is."""
    for line in process.stdout or ():
        found = re.search(r"http://[0-9.]+:(\d+)", line)
        if found:
            return int(found[1])
    raise SystemExit(f"the application ended with {process.wait()} before it said where it is")


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def busy_seconds() -> float:
    """Return the processor time that the whole machine has used so far."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, *interrupts = (int(one) for one in fields[:8])
    return (user + nice + system + sum(interrupts[:2])) / _TICK


def memory_mb(pid: int) -> dict[str, float]:
    """Return the resident memory of a process now and at its peak."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmHWM", "VmRSS"))}
    return {"now": round(int(found["VmRSS"]) / 1024, 1), "peak": round(int(found["VmHWM"]) / 1024, 1)}

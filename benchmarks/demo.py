"""The demo from nothing: a fresh clone, an empty virtual environment, then a second start.

Measures what a newcomer waits for: the first sign of progress, the end of ``make demo
ARGS=--once``, Airflow's address at the second start, and the memory that all processes hold
together (proportional set size, so that shared pages count once).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from benchmarks import _report

ROOT = Path(__file__).parents[1]
LONGEST_SECONDS = 480.0
FIRST_SIGN_SECONDS = 5.0
SECOND_URL_SECONDS = 60.0
MEMORY_GIGABYTES = 4.0


@dataclass(slots=True)
class Watched:
    """One run of a command: when it said what, how long it took, what it held in memory."""

    seconds: float = 0.0
    exit_code: int | None = None
    peak_bytes: int = 0
    said: list[tuple[float, str]] = field(default_factory=list)

    def second_of(self, words: str) -> float:
        """When it said this, in seconds after its start; infinite where it never did."""
        return next((second for second, text in self.said if words in text), float("inf"))


def main() -> None:
    """Run both starts and judge them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="use this checkout's virtual environment"
    )
    quick = parser.parse_args().quick
    folder = Path(tempfile.mkdtemp(prefix="dataops-clone-"))
    folder.chmod(0o755)
    clone = folder / "airflow_dataops"
    try:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        if quick:
            (clone / ".venv").symlink_to(ROOT / ".venv")
        first = watch(["make", "demo", "ARGS=--once"], clone)
        second = watch(["make", "demo", "ARGS=--once"], clone)
    finally:
        shutil.rmtree(folder)
    for name, run in (("first start", first), ("second start", second)):
        _report.line(
            run=name, seconds=round(run.seconds, 1), exit_code=run.exit_code,
            first_sign_seconds=round(run.said[0][0], 2),
            address_seconds=round(run.second_of("Airflow serves at"), 1),
            peak_gigabytes=round(run.peak_bytes / 1e9, 2), load=os.getloadavg()[0],
        )  # fmt: skip
    worked = first.exit_code == second.exit_code == 0
    judge("demo: first sign of progress, seconds", first.said[0][0], FIRST_SIGN_SECONDS, worked)
    address = second.second_of("Airflow serves at")
    judge("demo: address at the second start, seconds", address, SECOND_URL_SECONDS, worked)
    peak = max(first.peak_bytes, second.peak_bytes) / 1e9
    judge("demo: peak memory, gigabytes", peak, MEMORY_GIGABYTES, worked)
    judge("demo: make demo ARGS=--once, seconds", first.seconds, LONGEST_SECONDS, worked)


def judge(measure: str, measured: float, most: float, worked: bool) -> None:  # noqa: FBT001
    """Print whether a measure keeps within its goal; a demo that failed meets none."""
    _report.verdict(
        measure, ratio=round(measured, 2), goal=f"<= {most:g}", met=worked and measured <= most
    )


def watch(command: list[str], folder: Path) -> Watched:
    """Run a command to its end, listening and weighing."""
    run = Watched()
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        ended = Event()
        weigher = Thread(target=_weigh, args=(process.pid, run, ended))
        weigher.start()
        for text in process.stdout or ():
            run.said.append((time.monotonic() - started, text))
        run.exit_code = process.wait()
        ended.set()
        weigher.join()
    run.seconds = time.monotonic() - started
    return run


def _weigh(pid: int, run: Watched, ended: Event) -> None:
    while not ended.wait(1.0):
        run.peak_bytes = max(run.peak_bytes, sum(_bytes_of(p) for p in _family(pid)))


def _family(pid: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except (OSError, IndexError, ValueError):
            continue
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _bytes_of(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(row.split()[1]) * 1024 for row in text.splitlines() if row[:4] == "Pss:"), 0)


if __name__ == "__main__":
    main()

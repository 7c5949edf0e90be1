"""An API server before, while and after its vault hangs, as its other users feel it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING

import httpx

from benchmarks import _report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psutil

# Tools that no earlier part of the benchmark asked for, so no cache knows them.
_TOOL_BEFORE, _TOOL_WHILE = "sftp", "slack"
_OTHERS_PER_SECOND, _ASKERS_PER_SECOND = 20, 10
_OTHERS_CLIENTS, _ASKERS_CLIENTS = 16, 64
_REFUSED, _GRANTED = 403, 200
_GOAL_RATIO, _GOAL_REFUSED_SECONDS, _GOAL_RECOVERED_SECONDS = 2.0, 10.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What was measured; milliseconds but where a name says seconds."""

    normal: list[float]
    hanging: list[float]
    other_errors: int
    refused_after_seconds: list[float]
    granted_without_a_vault: int
    recovered_after_seconds: float


def measure(url: str, tokens: Sequence[str], vault: psutil.Process, *, seconds: int) -> Outage:
    """Ask as others and as those who need the vault, with it and without."""
    asking = seconds * _ASKERS_PER_SECOND
    before = _phase(url, _TOOL_BEFORE, tokens[:asking], tokens[asking:], seconds)
    processes = [vault, *vault.children(recursive=True)]
    for process in processes[1:]:
        process.suspend()
    try:
        hanging = _phase(url, _TOOL_WHILE, tokens[:asking], tokens[asking:], seconds)
    finally:
        for process in processes[1:]:
            process.resume()
    return Outage(
        normal=before.others,
        hanging=hanging.others,
        other_errors=before.other_errors + hanging.other_errors,
        refused_after_seconds=[took for status, took in hanging.askers if status == _REFUSED],
        granted_without_a_vault=sum(status != _REFUSED for status, _ in hanging.askers),
        recovered_after_seconds=_recovered(url, tokens[-1]),
    )


def report(found: Outage) -> None:
    """Print one line with the figures, and a verdict for each goal."""
    normal, hanging = _report.p99(found.normal), _report.p99(found.hanging)
    longest = max(found.refused_after_seconds, default=float("inf"))
    _report.line(
        system="API server, vault hanging", others=len(found.hanging), errors=found.other_errors,
        normal_median_ms=_report.median(found.normal), normal_p99_ms=normal,
        hanging_median_ms=_report.median(found.hanging), hanging_p99_ms=hanging,
        refused=len(found.refused_after_seconds), granted=found.granted_without_a_vault,
    )  # fmt: skip
    _report.verdict(
        "identity: p99 of other requests while the vault hangs, to normal", hanging / normal,
        goal=f"<= {_GOAL_RATIO:g}, 0 errors",
        met=hanging <= _GOAL_RATIO * normal and not found.other_errors,
    )  # fmt: skip
    _report.verdict(
        "identity: seconds until the last refusal while the vault hangs", longest,
        goal=f"<= {_GOAL_REFUSED_SECONDS:g}, none granted",
        met=longest <= _GOAL_REFUSED_SECONDS and not found.granted_without_a_vault,
    )  # fmt: skip
    _report.verdict(
        "identity: seconds until credentials are given again", found.recovered_after_seconds,
        goal=f"<= {_GOAL_RECOVERED_SECONDS:g}",
        met=found.recovered_after_seconds <= _GOAL_RECOVERED_SECONDS,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phase:
    others: list[float]
    other_errors: int
    askers: list[tuple[int, float]]


def _phase(
    url: str, tool: str, asking: Sequence[str], others: Sequence[str], seconds: int
) -> _Phase:
    """Requests that need no vault, while other tasks ask for credentials that no cache has."""
    unrelated = list(islice(cycle(others), seconds * _OTHERS_PER_SECOND))
    with ThreadPoolExecutor(2) as both:
        credentials = both.submit(
            _clocked, url, f"/execution/connections/{tool}", asking, seconds, _ASKERS_CLIENTS
        )
        variables = both.submit(
            _clocked, url, "/execution/dag-runs/count?dag_id=profit", unrelated, seconds,
            _OTHERS_CLIENTS,
        )  # fmt: skip
        answers, given = variables.result(), credentials.result()
    return _Phase(
        others=[1000 * took for _, took in answers],
        other_errors=sum(status != _GRANTED for status, _ in answers),
        askers=given,
    )


def _clocked(
    url: str, path: str, tokens: Sequence[str], seconds: float, clients: int
) -> list[tuple[int, float]]:
    """Status of each request, and seconds from when it was due to its answer."""
    started, gap = time.perf_counter(), seconds / len(tokens)
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    with httpx.Client(base_url=url, timeout=30, limits=limits) as client:

        def one(number: int, token: str) -> tuple[int, float]:
            due = started + number * gap
            time.sleep(max(0.0, due - time.perf_counter()))
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
            return answer.status_code, time.perf_counter() - due

        with ThreadPoolExecutor(clients) as threads:
            return list(threads.map(one, range(len(tokens)), tokens))


def _recovered(url: str, token: str) -> float:
    began = time.perf_counter()
    for _ in _attempts():
        answer = httpx.get(
            f"{url}/execution/connections/{_TOOL_WHILE}", timeout=30,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        if answer.status_code == _GRANTED:
            break
        time.sleep(0.2)
    return time.perf_counter() - began


def _attempts() -> Iterator[int]:
    yield from range(400)

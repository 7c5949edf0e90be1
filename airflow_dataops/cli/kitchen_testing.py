"""``airflow dataops kitchen test``: run a kitchen's pipelines, and say what they are evidence of.

Exit codes: 0 all of them are green; 1 one is not, or something failed; 2 a command line that
cannot be meant so.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from airflow_dataops.cli import kitchen_run
from airflow_dataops.cli.answers import command, fail, printable, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.evidence_models import EvidenceAnswer, TestPlanAnswer
from airflow_dataops.cli.merge_models import GateAnswer
from airflow_dataops.cli.run_display import RunDisplay
from airflow_dataops.domain import names
from airflow_dataops.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from airflow_dataops.cli.api_models import RunAnswer, TaskAnswer
    from airflow_dataops.cli.evidence_models import PlannedAnswer

_GREEN = "green"


class _Brief(RunDisplay):
    """A run's progress without a line for each task."""

    def task(self, task: TaskAnswer, said: Sequence[str]) -> None:
        """Nothing: a run's end is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """What a pipeline's run came to."""

    pipeline: str
    standing: str
    run_id: str = ""
    reasons: tuple[str, ...] = ()

    def row(self) -> dict[str, object]:
        return {
            "pipeline": self.pipeline,
            "is": self.standing,
            "run_id": self.run_id,
            "why": "; ".join(self.reasons),
        }


def display_on(stream: IO[str], *, follows: bool) -> RunDisplay:
    """Where progress is shown: each task's, or each run's alone."""
    return RunDisplay(stream) if follows else _Brief(stream)


@command
def test_kitchen(arguments: Any) -> None:
    """Run a kitchen's pipelines in the order of their data, and say what is green."""
    kitchen = names.check_kitchen_name(arguments.kitchen)
    about = kitchen_run.run_date(arguments.date)
    is_for_people = arguments.output in {"table", "plain"}
    stream = sys.stdout if is_for_people else sys.stderr
    display = display_on(stream, follows=arguments.follow)
    with ApiClient.of_present_login() as api, display:
        query = {"changed": "true"} if arguments.changed else None
        place = ("kitchens", kitchen, "test-plan")
        plan = api.one(TestPlanAnswer, "GET", *place, query=query)
        round_of_tests = Testing(kitchen=kitchen, plan=plan, api=api, display=display, about=about)
        tested = round_of_tests.to_the_end()
        gate = _gate(kitchen, api)
    _show(tested, gate, arguments)
    bad = [one.pipeline for one in tested if one.standing != _GREEN]
    if bad:
        fail(f"not green: {', '.join(bad)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Testing:
    """One round of tests of a kitchen.

    Attributes:
        about: the day that its runs are about; None for today.
    """

    kitchen: str
    plan: TestPlanAnswer
    api: ApiClient
    display: RunDisplay
    about: date | None = None

    def to_the_end(self) -> list[_Tested]:
        """Run wave after wave; what waits for one that is not green is not run."""
        if not self.plan.waves:
            self.display.note(f"nothing of {self.kitchen} is to be tested")
        tested: dict[str, _Tested] = {}
        for wave in self.plan.waves:
            bad = {name for name, one in tested.items() if one.standing != _GREEN}
            runs: dict[str, RunAnswer] = {}
            for planned in wave:
                if missing := sorted(set(planned.after) & bad):
                    why = f"it comes after {', '.join(missing)}, which is not green"
                    tested[planned.pipeline] = _Tested(
                        pipeline=planned.pipeline, standing="not run", reasons=(why,)
                    )
                else:
                    runs[planned.pipeline] = self._begin(planned)
            for pipeline, run in runs.items():
                kitchen_run.follow(run, self.api, self.display)
                tested[pipeline] = self._evidence(pipeline, run)
        return list(tested.values())

    def _begin(self, planned: PlannedAnswer) -> RunAnswer:
        wanted = kitchen_run.Wanted(
            kitchen=self.kitchen, pipeline=planned.pipeline, commit=self.plan.commit
        )
        shown = kitchen_run.shown(wanted, self.api, self.display)
        run = kitchen_run.begin(shown, self.about, self.api)
        self.display.begun(run, commit=shown.commit)
        return run

    def _evidence(self, pipeline: str, run: RunAnswer) -> _Tested:
        place = ("kitchens", self.kitchen, "evidence")
        for found in self.api.several(EvidenceAnswer, "GET", *place, query={"pipeline": pipeline}):
            if found.run_id == run.dag_run_id:
                one = _Tested(
                    pipeline=pipeline,
                    standing=found.standing,
                    run_id=run.dag_run_id,
                    reasons=found.reasons,
                )
                self.display.note(f"{pipeline}: {one.standing}, {_counts(found)}")
                for reason in found.reasons:
                    self.display.note(f"    {reason}")
                return one
        return _Tested(
            pipeline=pipeline,
            standing="no evidence",
            run_id=run.dag_run_id,
            reasons=("the server has recorded nothing of this run",),
        )


def _counts(found: EvidenceAnswer) -> str:
    said: dict[str, int] = {}
    for one in found.tests:
        said[one.outcome] = said.get(one.outcome, 0) + 1
    return ", ".join(f"{number} {outcome}" for outcome, number in said.items()) or "no test"


def _gate(kitchen: str, api: ApiClient) -> GateAnswer | None:
    """The gate of the kitchen's merge up; None where it has no parent that one may see."""
    try:
        return api.one(GateAnswer, "GET", "kitchens", kitchen, "merge", "up", "gate")
    except RequestRefused:
        return None


def _show(tested: Sequence[_Tested], gate: GateAnswer | None, arguments: Any) -> None:
    if arguments.output not in {"table", "plain"}:
        show_table([one.row() for one in tested], output=arguments.output)
    elif tested:
        show_table([one.row() for one in tested], output=arguments.output)
        if gate is not None:
            print(f"merge up: {printable(gate.summary)}")

"""What the REST API answers about tests of kitchens, as the command line reads it."""

from __future__ import annotations

from collections.abc import Collection  # noqa: TC003 - pydantic reads annotations

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SaidAnswer(_Answer):
    """What a data test said."""

    stage: str
    test: str
    outcome: str


class EvidenceAnswer(_Answer):
    """What a finished run says of the files that it ran."""

    pipeline: str
    standing: str
    run_id: str
    reasons: tuple[str, ...] = ()
    tests: tuple[SaidAnswer, ...] = ()


class PlannedAnswer(_Answer):
    """A pipeline that is to be run, and those that come first."""

    pipeline: str
    after: tuple[str, ...] = ()


class TestPlanAnswer(_Answer):
    """Pipelines in groups, of which each waits for the ones before."""

    __test__ = False

    commit: str
    waves: tuple[tuple[PlannedAnswer, ...], ...] = ()

    def only(self, pipelines: Collection[str]) -> TestPlanAnswer:
        """The plan without all others."""
        left = (tuple(one for one in wave if one.pipeline in pipelines) for wave in self.waves)
        return self.model_copy(update={"waves": tuple(wave for wave in left if wave)})

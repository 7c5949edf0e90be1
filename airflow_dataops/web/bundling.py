"""A promotion made into one piece: JSON to be read by programs, HTML by people."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from airflow_dataops import config
from airflow_dataops.domain.merge_draft import path_as_text
from airflow_dataops.domain.revert import ENABLE, REVERTS
from airflow_dataops.services.merging.landing import PROMISES
from airflow_dataops.services.merging.proposing import URL
from airflow_dataops.web.bundle_answers import (
    BundleAnswer,
    CodeAnswer,
    DeedAnswer,
    LinkAnswer,
    PromotedPipelineAnswer,
    RunEvidenceAnswer,
    SideAnswer,
    TimingsAnswer,
    earliest,
    seconds_between,
)
from airflow_dataops.web.gate_answers import evidence_answer
from airflow_dataops.web.merge_answers import FileAnswer
from airflow_dataops.web.release_answers import CommitAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.evidence import Evidence
    from airflow_dataops.domain.promotion import Promotion
    from airflow_dataops.services.merging import MergePlaces
    from airflow_dataops.web.visit import Visit

_KITCHENS = "/dataops/pages/kitchens"


class Bundler:
    """Makes one piece of what is known of a promotion.

    Args:
        visit: who asks: other kitchens' names are shown to those who may see them.
        places: which know what Airflow still has.
    """

    def __init__(self, visit: Visit, places: MergePlaces) -> None:
        self._visit = visit
        self._places = places
        self._base = (config.pages_url() or "").rstrip("/")

    def bundle(self, found: Promotion) -> BundleAnswer:
        """The piece, with its digest."""
        merge, over = found.merge, found.reverted_by
        made = BundleAnswer(
            exported_at=self._visit.now,
            exported_by=self._visit.person.name,
            project=found.kitchen.project,
            id=merge.id,
            direction=merge.direction,
            state=merge.state,
            kitchen=found.kitchen.name,
            environment=found.kitchen.environment,
            merged=found.other.name,
            merged_environment=found.other.environment,
            ticket=found.other.settings.ticket,
            asked_by=merge.opened_by,
            made_by=merge.ended_by,
            reason=merge.reason,
            reverts=merge.details.get(REVERTS),
            taken_back_by=over.ended_by if over else None,
            taken_back_at=over.ended_at if over else None,
            code=_code(found),
            grounds={name: merge.details[name] for name in PROMISES if name in merge.details},
            pipelines=self._pipelines(found),
            deeds=_deeds(found),
            timings=_timings(found),
            links=self._links(found),
        )
        return replace(made, digest=digest_of(made))

    def _pipelines(self, found: Promotion) -> list[PromotedPipelineAnswer]:
        told = [one for runs in found.evidence.values() for one in runs]
        there = self._places.promotions.runs_there({(one.dag_id, one.run_id) for one in told})
        named = self._visit.names_seen({one.kitchen for one in told}) | {found.other.name}
        return [
            PromotedPipelineAnswer(
                pipeline=one.name,
                change=one.change,
                input_tree=one.input_tree,
                runs=[
                    self._run(run, is_there=(run.dag_id, run.run_id) in there, named=named)
                    for run in found.evidence.get(one.name, ())
                ],
            )
            for one in found.facts.pipelines
        ]

    def _run(self, run: Evidence, *, is_there: bool, named: set[str]) -> RunEvidenceAnswer:
        said = evidence_answer(run)
        kitchen = run.kitchen
        if kitchen not in named:
            # Its name is its staff's alone, and its DAGs and runs are named like it.
            kitchen = "another kitchen"
            said = replace(said, dag_id=f"{kitchen}: {run.pipeline}", run_page="")
        href = self._base + said.run_page if said.run_page else ""
        words = "the run is there" if is_there else "the run is gone from Airflow; this is kept"
        return RunEvidenceAnswer(
            kitchen=kitchen,
            environment=run.environment,
            seconds=seconds_between(run.began_at, run.ended_at),
            link=LinkAnswer(href=href, is_there=is_there, said=words),
            said=said,
        )

    def _links(self, found: Promotion) -> list[LinkAnswer]:
        registry = self._visit.installation.registry
        living = {one.id for one in registry.kitchens()}
        links = [
            LinkAnswer(
                href=f"{self._base}{_KITCHENS}/{one.name}",
                is_there=one.id in living,
                said=f"kitchen {one.name} " + ("is there" if one.id in living else "is gone"),
            )
            for one in (found.kitchen, found.other)
        ]
        if url := found.merge.details.get(URL):
            said = "at the repository's host, where nobody has looked"
            links.append(LinkAnswer(href=url, is_there=None, said=said))
        return links


def as_json(bundle: BundleAnswer) -> str:
    """The piece as it is handed out."""
    return json.dumps(asdict(bundle), default=_plain, indent=1)


def digest_of(bundle: BundleAnswer) -> str:
    """What says that nothing of the piece was changed."""
    found = asdict(replace(bundle, digest=""))
    text = json.dumps(found, default=_plain, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _code(found: Promotion) -> CodeAnswer:
    merge, facts = found.merge, found.facts
    commits = (merge.ours, merge.theirs, str(merge.commit))
    sides = [SideAnswer(commit=c, tree=t) for c, t in zip(commits, facts.trees, strict=True)]
    before, merged, after = sides
    return CodeAnswer(
        before=before,
        merged=merged,
        after=after,
        number=facts.number,
        commits=[
            CommitAnswer(id=one.id, author=one.author, at=one.at, title=one.title)
            for one in facts.commits
        ],
        files=[
            FileAnswer(
                path=path_as_text(one.path),
                change=one.change,
                before=path_as_text(one.before) if one.before is not None else None,
            )
            for one in facts.files
        ],
        more_files=facts.more_files,
    )


def _deeds(found: Promotion) -> list[DeedAnswer]:
    return [
        DeedAnswer(
            at=one.at,
            by=one.by,
            action=one.action,
            reason=one.reason,
            details=_as_text(one.details),
        )
        for one in found.deeds
    ]


def _as_text(details: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in details.items()}


def _timings(found: Promotion) -> TimingsAnswer:
    merge = found.merge
    merged_at = merge.ended_at or merge.opened_at
    first = earliest([one.at for one in found.facts.commits])
    enabled = earliest([one.at for one in found.deeds if one.action == ENABLE])
    return TimingsAnswer(
        first_commit_at=first,
        asked_at=merge.opened_at,
        merged_at=merged_at,
        first_enabled_at=enabled,
        waited_seconds=seconds_between(first, merged_at),
        merging_seconds=(merged_at - merge.opened_at).total_seconds(),
        enabled_seconds=seconds_between(merged_at, enabled),
    )

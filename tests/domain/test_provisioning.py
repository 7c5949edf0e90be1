"""What a kitchen consists of in which environment, and how far an operation has come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_dataops.domain.provisioning import (
    MADE_BY_SERVER,
    PartKind,
    Progress,
    StepProgress,
    parts_of,
)
from airflow_dataops.domain.release_environment import Tool
from tests.installation import environment
from tests.kitchen_values import BRANCH, NOON, SCHEMA, creation, kitchen

DEVELOPMENT = environment("development", base="demo_dev", branch="demo_dev")


def parts(name="dev_kitchen", **tools):
    of = DEVELOPMENT
    if tools:
        of = replace(of, tools={key: Tool(name=key, **facts) for key, facts in tools.items()})
    return [f"{part.name} {part.what}" for part in parts_of(kitchen(name), of)]


def test_a_kitchen_has_a_branch_and_roles_and_its_share_of_each_tool():
    assert parts() == [
        "branch dev_kitchen",
        "access kitchen dev_kitchen cook",
        "secrets kitchens/dev_kitchen/",
        "database_role:redshift kitchen_dev_kitchen",
        "schema:redshift dev_kitchen",
        "vault_role:redshift development.dev_kitchen.redshift",
        "database_role:reports kitchen_dev_kitchen",
        "schema:reports dev_kitchen",
        "credential:reports kitchens/dev_kitchen/reports",
        "prefix:s3 acme/dev_kitchen/",
        "folder:sftp /outbox/dev_kitchen/",
    ]


def test_a_base_kitchen_keeps_what_its_environment_always_had():
    assert parts("demo_dev") == [
        "branch demo_dev",
        "access kitchen demo_dev cook",
        "schema:redshift demo_dev",
        "schema:reports demo_dev",
    ]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"dynamic": True}, []),
        ({"bucket": "acme", "folder": "/out/"}, ["prefix:t acme/k/", "folder:t /out/k/"]),
    ],
)
def test_a_tool_gives_what_it_is_declared_for(facts, expected):
    assert parts("k", t=facts)[2:] == ["secrets kitchens/k/", *expected]


def test_a_kitchen_whose_environment_has_no_tools_needs_no_vault():
    of = replace(DEVELOPMENT, tools={})
    assert [part.kind for part in parts_of(kitchen("k"), of)] == ["branch", "access"]


def test_every_kind_of_part_has_a_maker():
    kinds = {part.kind for part in parts_of(kitchen("dev_kitchen"), DEVELOPMENT)}
    assert kinds == set(PartKind)
    made = {p.kind for p in parts_of(kitchen("dev_kitchen"), DEVELOPMENT) if p.is_made_by_server}
    assert made == MADE_BY_SERVER == {PartKind.BRANCH, PartKind.ACCESS}


def test_names_of_parts_are_unique_within_a_kitchen_and_plain_text():
    names = [part.name for part in parts_of(kitchen("dev_kitchen"), DEVELOPMENT)]
    assert len(names) == len(set(names))
    assert {type(name) for name in names} == {str}


def test_an_environment_that_is_not_the_kitchens_is_a_mistake():
    with pytest.raises(ValueError, match="kitchen k is not of environment development"):
        parts_of(kitchen("k", environment="production"), DEVELOPMENT)


def test_what_is_left_is_what_is_not_done_in_order():
    operation = creation(kitchen("dev_kitchen"))
    assert operation.left() == [BRANCH, SCHEMA]
    for progress in (Progress.RUNNING, Progress.FAILED):
        begun = replace(operation, steps=(StepProgress(part=BRANCH, progress=progress),))
        assert begun.left() == [BRANCH]
    done = StepProgress(part=BRANCH, progress=Progress.DONE)
    assert replace(operation, steps=(done, StepProgress(part=SCHEMA))).left() == [SCHEMA]


def test_an_operation_is_over_when_it_ended_however():
    operation = creation(kitchen("dev_kitchen"))
    assert not operation.is_over
    assert not replace(operation, progress=Progress.FAILED, error="down").is_over
    assert replace(operation, progress=Progress.FAILED, ended_at=NOON).is_over
    assert replace(operation, progress=Progress.DONE, ended_at=NOON).is_over

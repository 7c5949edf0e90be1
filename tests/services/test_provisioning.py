"""How workers make and unmake the parts of a kitchen."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.provisioning import OperationKind, Part, PartKind
from airflow_dataops.errors import KitchenExists, OutsideSystemError, Superseded
from airflow_dataops.services.provisioning import carry_out
from tests.fakes_places import FakeTools
from tests.kitchen_values import kitchen

SCHEMA = Part(kind=PartKind.SCHEMA, tool="redshift", what="dev_kitchen")
PREFIX = Part(kind=PartKind.PREFIX, tool="s3", what="acme/dev_kitchen/")
FOLDER = Part(kind=PartKind.FOLDER, tool="sftp", what="/outbox/dev_kitchen/")
PARTS = [SCHEMA, PREFIX, FOLDER]
DEV = kitchen("dev_kitchen")


class Report:
    """What the server was told.

    Attributes:
        superseded_at: the part at whose beginning another attempt has taken over.
    """

    def __init__(self, *, superseded_at=None):
        self.told = []
        self.superseded_at = superseded_at

    def begins(self, part):
        if part == self.superseded_at:
            message = "attempt 2 has taken over"
            raise Superseded(message)
        self.told.append(("begins", part.name))

    def is_done(self, part, detail):
        self.told.append((detail, part.name))


@pytest.fixture
def tools():
    return FakeTools()


def create(tools, left=PARTS, *, report=None, kitchen=DEV):
    report = report or Report()
    carry_out(
        OperationKind.CREATE, left, find=lambda part: tools.part(part, kitchen), report=report
    )
    return report.told


def delete(tools, left=PARTS, *, report=None):
    report = report or Report()
    carry_out(OperationKind.DELETE, left, find=lambda part: tools.part(part, DEV), report=report)
    return report.told


def test_parts_are_made_in_order_and_each_is_told_before_and_after(tools):
    assert create(tools) == [
        ("begins", "schema:redshift"),
        ("made", "schema:redshift"),
        ("begins", "prefix:s3"),
        ("made", "prefix:s3"),
        ("begins", "folder:sftp"),
        ("made", "folder:sftp"),
    ]
    assert len(tools.made) == 3


def test_only_what_is_left_is_done(tools):
    assert create(tools, [PREFIX]) == [("begins", "prefix:s3"), ("made", "prefix:s3")]
    assert set(tools.made) == {"prefix:s3 acme/dev_kitchen/"}


def test_nothing_left_is_nothing_done(tools):
    assert create(tools, []) == delete(tools, []) == []


def test_parts_are_made_again_without_harm(tools):
    create(tools)
    made = dict(tools.made)
    create(tools)
    assert tools.made == made


def test_what_a_tool_refuses_stops_the_attempt_there(tools):
    tools.refuses.add(PartKind.PREFIX)
    report = Report()
    with pytest.raises(OutsideSystemError, match="s3 refused"):
        create(tools, report=report)
    assert report.told[-1] == ("begins", "prefix:s3")
    assert set(tools.made) == {"schema:redshift dev_kitchen"}


def test_what_is_somebody_elses_is_not_taken_over(tools):
    create(tools, [SCHEMA], kitchen=kitchen("dev_kitchen"))
    before = dict(tools.made)
    with pytest.raises(KitchenExists, match="somebody else's"):
        create(tools)
    assert tools.made == before


def test_parts_are_unmade_and_seen_to_be_gone(tools):
    create(tools)
    told = delete(tools, [FOLDER, PREFIX, SCHEMA])
    assert told[1::2] == [
        ("gone", "folder:sftp"),
        ("gone", "prefix:s3"),
        ("gone", "schema:redshift"),
    ]
    assert tools.made == {}


def test_what_is_gone_already_is_said_so(tools):
    assert delete(tools, [SCHEMA])[-1] == ("was gone already", "schema:redshift")


def test_what_is_still_there_after_it_was_removed_is_no_success(tools):
    create(tools)
    tools.sticky.add(PartKind.PREFIX)
    report = Report()
    words = r"prefix:s3 \(acme/dev_kitchen/\) is still there after it was removed"
    with pytest.raises(OutsideSystemError, match=words):
        delete(tools, report=report)
    assert report.told[-1] == ("begins", "prefix:s3")


def test_an_attempt_that_was_taken_over_touches_nothing_more(tools):
    with pytest.raises(Superseded):
        create(tools, report=Report(superseded_at=PREFIX))
    assert set(tools.made) == {"schema:redshift dev_kitchen"}

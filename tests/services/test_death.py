"""Creating and deleting, with the process dying at every single call it makes to the outside.

The calls are counted in a run that nobody disturbs, so a new step is covered by itself.
"""

from __future__ import annotations

import pytest

from tests.fakes_places import Interrupted
from tests.installation import Installation


class Death(BaseException):
    """SIGKILL; nothing may catch it."""


def die():
    raise Death


def installation_with_bases(*, at_once):
    installation = Installation()
    installation.create("demo_production", by="eric")
    installation.create("demo_dev", "demo_production", by="chris")
    installation.workers.is_local = at_once
    return installation


def create(installation, places=None):
    installation.create("dev_kitchen", "demo_dev", places=places)


def delete(installation, places=None):
    installation.delete("dev_kitchen", places=places)


def make_then_delete(installation):
    create(installation)
    return delete


def deaths(begin, *, at_once):
    """An installation for each moment in which a process that does this can die.

    Args:
        begin: brings an installation to where the dying process starts; gives what it does.
    """
    undisturbed = Interrupted()
    installation = installation_with_bases(at_once=at_once)
    deed = begin(installation)
    deed(installation, undisturbed.around(installation.places))
    assert len(undisturbed.calls) > 40
    for number, name in enumerate(undisturbed.calls, start=1):
        for moment in ("before", "after"):
            dying = installation_with_bases(at_once=at_once)
            deed = begin(dying)
            interrupted = Interrupted(at=number, moment=moment, by=die)
            with pytest.raises(Death):
                deed(dying, interrupted.around(dying.places))
            dying.workers.die()
            yield f"{moment} {number}. {name}", dying


@pytest.fixture(params=[False, True], ids=["by workers", "by this process"])
def at_once(request):
    return request.param


def test_a_creation_that_died_anywhere_is_finished_when_asked_again(at_once):
    expected = installation_with_bases(at_once=at_once)
    create(expected)
    for moment, installation in deaths(lambda _: create, at_once=at_once):
        create(installation)
        assert installation.outside == expected.outside, moment
        kitchen = installation.registry.kitchen("dev_kitchen")
        (operation,) = installation.operations.all_of(kitchen)
        assert operation.is_over, moment
        assert_told_once(installation, moment)


def test_a_creation_that_died_anywhere_is_undone_by_a_deletion(at_once):
    untouched = installation_with_bases(at_once=at_once).outside
    for moment, installation in deaths(lambda _: create, at_once=at_once):
        delete(installation)
        assert installation.outside == untouched, moment


def test_a_deletion_that_died_anywhere_is_finished_when_asked_again(at_once):
    untouched = installation_with_bases(at_once=at_once).outside
    for moment, installation in deaths(make_then_delete, at_once=at_once):
        delete(installation)
        assert installation.outside == untouched, moment
        ((kitchen, by),) = installation.recorded.deleted
        assert by == "chris", moment
        assert installation.operations.latest(kitchen).left() == [], moment
        assert_told_once(installation, moment)


def assert_told_once(installation, moment):
    """That hooks heard of each end at most once, and the audit trail says it exactly once."""
    told = [e.kind for when, e in installation.hooks.told if when == "after" and is_its(e)]
    said = [
        entry.action
        for entry in installation.recorded.audit
        if entry.kitchen == "dev_kitchen" and not entry.action.startswith("begin")
    ]
    assert len(told) == len(set(told)), moment
    assert len(said) == len(set(said)), moment
    assert said, moment


def is_its(event):
    return event.kitchen.name == "dev_kitchen"

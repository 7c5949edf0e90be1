"""What services may rely on, whoever keeps Airflow's roles, ends its runs and makes kitchens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_dataops.adapters.airflow_runs import AirflowRuns, AirflowWorkers
from airflow_dataops.domain.provisioning import Progress
from airflow_dataops.errors import OutsideSystemError
from tests.adapters.test_airflow_runs import (
    PROVISION,
    add_run,
    database,  # noqa: F401 - a fixture
    declare,
)
from tests.fakes_places import FakeAccessRoles, FakeRuns, FakeWorkers
from tests.kitchen_values import NOON, PADMA, creation, kitchen
from tests.web.conftest import FakeWorkers as ApisWorkers

pytestmark = [
    pytest.mark.airflow,
    # FAB's security manager brings along what warns about its own dependencies.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
HERE, OTHER = kitchen("dev_kitchen"), kitchen("devXkitchen")


class AccessRolesContract:
    def test_there_are_none_before_they_are_put(self, roles):
        assert not roles.exist(HERE)

    def test_they_are_put_for_one_kitchen_and_something_is_said(self, roles):
        assert roles.put(HERE, [PADMA])
        assert (roles.exist(HERE), roles.exist(OTHER)) == (True, False)

    def test_putting_again_is_no_error_and_nobody_may_be_left(self, roles):
        for staff in ([PADMA], [PADMA], []):
            roles.put(HERE, staff)
        assert roles.exist(HERE)

    def test_those_of_one_kitchen_go_and_going_twice_is_no_error(self, roles):
        for each in (HERE, OTHER):
            roles.put(each, [PADMA])
        for _ in range(2):
            roles.remove(HERE)
        assert (roles.exist(HERE), roles.exist(OTHER)) == (False, True)


class TestAccessRolesInMemory(AccessRolesContract):
    @pytest.fixture
    def roles(self):
        return FakeAccessRoles()


class TestAccessRolesOfFab(AccessRolesContract):
    @pytest.fixture
    def roles(self, engine):
        from tests import fab_tables  # brings all of FAB along

        yield fab_tables.Fab(engine).roles
        fab_tables.empty(engine)


class _RunsInMemory:
    def __init__(self):
        self.runs = FakeRuns()

    def has_run(self, of, run_id):
        self.runs.unfinished.setdefault(of.name, []).append(run_id)

    def had_dag(self, of):
        self.runs.left_behind.add(of.name)


class _RunsOfAirflow:
    def __init__(self, tables):
        self._tables, self.runs = tables, AirflowRuns()

    def has_run(self, of, run_id):
        add_run(self._tables, f"{of.name}.profit", run_id, tasks=["running"])

    def had_dag(self, of):
        declare(self._tables, f"{of.name}.profit", parsed_at=of.created_at.replace(year=2000))


class TestRuns:
    @pytest.fixture(params=["fake", "airflow"])
    def site(self, request):
        if request.param == "fake":
            return _RunsInMemory()
        return _RunsOfAirflow(request.getfixturevalue("database"))

    def test_every_unfinished_run_of_one_kitchen_ends_once(self, site):
        for run_id in ("first", "second"):
            site.has_run(HERE, run_id)
        site.has_run(OTHER, "first")
        assert [site.runs.cancel_all(HERE), site.runs.cancel_all(HERE)] == [2, 0]
        assert site.runs.cancel_all(OTHER) == 1

    def test_what_an_earlier_kitchen_left_is_forgotten_once(self, site):
        for each in (HERE, OTHER):
            site.had_dag(each)
        assert [site.runs.forget(HERE), site.runs.forget(HERE)] == [1, 0]
        assert site.runs.forget(OTHER) == 1


class TestWorkers:
    @pytest.fixture(params=["fake", "fake of the API's tests", "airflow"])
    def workers(self, request):
        if request.param == "fake":
            return FakeWorkers(operations=None, tools=None)
        if request.param != "airflow":
            return ApisWorkers()
        declare(request.getfixturevalue("database"), PROVISION)
        # A clock that is past every sign of life that an operation alone would give.
        late = NOON.replace(hour=23)
        return AirflowWorkers(bundle_name="kitchens-{}".format, now=lambda: late)

    @pytest.fixture
    def operation(self):
        return creation(HERE)

    def test_nobody_works_for_what_nobody_started(self, workers, operation):
        assert not workers.is_working(operation)

    def test_what_is_started_is_worked_for_and_no_other(self, workers, operation):
        assert workers.start(operation)
        assert workers.is_working(operation)
        assert not workers.is_working(creation(OTHER))

    def test_to_start_an_attempt_twice_is_to_start_it_once(self, workers, operation):
        assert workers.start(operation) == workers.start(operation)
        workers.stop(operation)
        assert not workers.is_working(operation)

    def test_attempts_have_runs_of_their_own(self, workers, operation):
        following = replace(operation, attempt=2, progress=Progress.RUNNING)
        assert workers.start(operation) != workers.start(following)

    def test_to_stop_what_is_not_running_is_no_error(self, workers, operation):
        workers.stop(operation)
        workers.start(operation)
        for _ in range(2):
            workers.stop(operation)
        assert not workers.is_working(operation)


@pytest.mark.parametrize("kind", ["fake", "airflow"])
def test_workers_that_nobody_serves_refuse(kind, request):
    if kind == "fake":
        workers = FakeWorkers(operations=None, tools=None)
        workers.refuses = True
    else:
        request.getfixturevalue("database")
        workers = AirflowWorkers(bundle_name="kitchens-{}".format, patience_seconds=0.1)
    with pytest.raises(OutsideSystemError, match="provision"):
        workers.start(creation(HERE))

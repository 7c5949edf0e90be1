"""Kitchens come and go on a live Airflow, whatever is killed meanwhile."""

from __future__ import annotations

import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from airflow_dataops.domain.provisioning import parts_of
from airflow_dataops.specs.environment_file import load_environments
from tests.e2e.service import API, Service, kill, kill_server, parent_of, start_server
from tests.kitchen_sites import KitchenSite, World
from tests.live_airflow import PROJECT, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service]


@pytest.fixture(scope="module")
def service(live_airflow):
    """What the owner of development does."""
    return Service(live=live_airflow, person=live_airflow.person("chris"))


@pytest.fixture(scope="module")
def parts(service):
    """Names of the parts that workers make, in order."""
    file = service.live.stack.addresses.environments_file
    environment = load_environments(file).environment("development")
    found = parts_of(KitchenSite(file).kitchen("any"), environment)
    return [part.name for part in found if not part.is_made_by_server]


@pytest.fixture(autouse=True)
def nothing_is_left(service):
    """Every test leaves everything outside as it was."""
    before = service.state()
    yield
    deadline = time.monotonic() + 60
    while (left := _difference(before, service.state())) and time.monotonic() < deadline:
        time.sleep(1)
    assert left == []


# A name with letters that PostgreSQL has to quote stands in quotes of its own.
_ISSUED = re.compile(r"""['"]v-""")


def _difference(before, after):
    """What came and what went, but for logins of other tests' tasks, which end by themselves."""
    came = [f"came: {line}" for line in after if line not in before]
    went = [f"went: {line}" for line in before if line not in after]
    return came + [line for line in went if "lease " not in line and not _ISSUED.search(line)]


def steps_of(operation):
    return {step["part"]: (step["progress"], step["detail"]) for step in operation["steps"]}


def test_a_kitchen_is_made_works_under_its_own_login_and_goes_without_a_trace(service, parts):
    live = service.live
    made = service.done(service.create("quick", ticket="DATA-1", reason="to see it"))
    assert list(steps_of(made)) == ["branch", "access", *parts]
    assert made["kitchen"] == "quick"
    eventually("its DAGs are there", lambda: live.has_dag("quick.first_table"))
    live.trigger("quick.first_table", "first")
    assert live.ended("quick.first_table", "first") == "success"
    with World(live.stack).superuser() as connection:
        ((owner,),) = connection.execute(
            "select tableowner from pg_tables where schemaname = 'quick'"
        ).fetchall()
        ((made_by,),) = connection.execute("select made_by from quick.first_table").fetchall()
    assert owner == "kitchen_quick"
    assert made_by == "kitchen_quick"

    gone = service.done(service.delete("quick"))
    assert {progress for progress, _ in steps_of(gone).values()} == {"done"}
    assert [*steps_of(gone)][2:] == [*reversed(parts)]
    assert not live.has_dag("quick.first_table")
    assert live.get("/dags/quick.first_table/dagRuns/first")["state"] == "success"


def test_a_running_task_ends_with_its_kitchen(service, tmp_path):
    live, until = service.live, tmp_path / "never"
    service.done(service.create("busy"))
    live.branches.push("busy", PROJECT / "development")
    live.refresh("busy")
    eventually("its DAGs are there", lambda: live.has_dag("busy.waits"))
    live.trigger("busy.waits", "long", until=str(until), report=str(tmp_path / "report"))
    live.running_task("busy.waits", "long", "wait")
    ((pid,),) = live.rows(
        "select pid from task_instance where run_id = 'long' and state = 'running'"
    )
    service.done(service.delete("busy"))
    eventually("the task's process is gone", lambda: not _is_running(pid))
    states = live.rows("select state from task_instance where dag_id = 'busy.waits'")
    assert {state for (state,) in states} == {"failed", "skipped"}


def test_a_kitchen_shows_the_pipelines_that_were_chosen(service):
    live = service.live
    service.done(service.create("choosy", pipelines=["first_table"]))
    eventually("its DAG is there", lambda: live.has_dag("choosy.first_table"))
    assert not live.has_dag("choosy.ledger")
    service.person.patch(
        "/dataops/api/v1/kitchens/choosy", json={"pipelines": ["ledger"]}
    ).raise_for_status()
    eventually("the other is there", lambda: live.has_dag("choosy.ledger"))
    assert not live.has_dag("choosy.first_table")
    service.done(service.delete("choosy"))


def test_of_two_people_who_want_one_name_one_gets_it(service):
    eric = Service(live=service.live, person=service.live.person("eric"))
    staff = "/dataops/api/v1/kitchens/demo_dev/staff/eric"
    service.person.put(staff, json={"role": "cook"}).raise_for_status()
    with ThreadPoolExecutor(2) as both:
        answers = [*both.map(lambda who: who.create("wanted"), (service, eric))]
    service.person.delete(staff).raise_for_status()
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    (refused,) = (answer.json()["detail"] for answer in answers if answer.status_code == 409)
    assert "'wanted'" in refused
    service.done(next(answer for answer in answers if answer.status_code == 202))
    service.done(service.delete("wanted"))


def test_ten_kitchens_at_once_have_nothing_in_common(service):
    names = [f"crowd_{number:02}" for number in range(10)]
    before = set(service.state())
    with ThreadPoolExecutor(10) as crowd:
        begun = [*crowd.map(service.create, names)]
    for answer in begun:
        service.done(answer)
    live = service.live
    eventually("they work", lambda: all(live.has_dag(f"{name}.ledger") for name in names))
    made = set(service.state()) - before
    whose = {line: [name for name in names if name in line] for line in made}
    assert {len(found) for found in whose.values()} == {1}
    kinds = [sorted(line.split()[0] for line in made if name in line) for name in names]
    assert kinds == [kinds[0]] * 10
    assert len(set(kinds[0])) > 6
    with ThreadPoolExecutor(10) as crowd:
        ended = [*crowd.map(service.delete, names)]
    for answer in ended:
        service.done(answer)


def test_the_janitor_deletes_what_is_past_its_end_and_keeps_what_is_pinned(service):
    ends_at = datetime.now(tz=UTC) + timedelta(seconds=10)
    wishes = {"brief": False, "pinned_one": True}
    with ThreadPoolExecutor(2) as pool:
        begun = [
            *pool.map(
                lambda name: service.create(name, ends_at=f"{ends_at}", pinned=wishes[name]), wishes
            )
        ]
    for answer in begun:
        service.done(answer)
    live = service.live
    eventually("their end", lambda: datetime.now(tz=UTC) > ends_at)
    live.trigger("dataops.development.janitor", "round")
    assert live.ended("dataops.development.janitor", "round") == "success"
    eventually("it is gone", lambda: "kitchen brief" not in service.state())
    history = service.person.get(f"{API}/audit", params={"kitchen": "brief"}).json()
    assert "janitor" in {entry["by"] for entry in history}
    assert "kitchen pinned_one" in service.state()
    service.done(service.delete("pinned_one"))


def test_tasks_that_are_killed_after_any_part_go_on_from_there(service, parts):
    # Deaths within each part are the contract suite's: here the way from part to part is Airflow's.
    names = {part: f"killed_{number}" for number, part in enumerate(parts[::3])}
    for ask in (service.create, service.delete):
        with ThreadPoolExecutor(len(names)) as pool:
            begun = {part: pool.submit(ask, name) for part, name in names.items()}
        watchers = [
            threading.Thread(target=_kill_task_after, args=(service, begun[part].result(), part))
            for part in names
        ]
        for watcher in watchers:
            watcher.start()
        for watcher in watchers:
            watcher.join()
        for answer in begun.values():
            service.done(answer.result())
    tries = service.live.rows(
        "select try_number from task_instance where dag_id = 'dataops.development.provision' "
        "and run_id like '%-killed_%' order by try_number"
    )
    assert tries[-1][0] > 1


def test_a_worker_that_is_killed_with_its_task_is_replaced_when_somebody_asks_again(service, parts):
    begun = service.create("orphaned")
    _kill_task_after(service, begun, parts[0], with_supervisor=True)
    service.gone_on_with(lambda: service.create("orphaned"))
    assert "kitchen orphaned" in service.state()
    made = service.person.get("/dataops/api/v1/kitchens/orphaned/operation").json()
    assert made["progress"] == "done"
    service.done(service.delete("orphaned"))


def test_a_server_that_is_killed_goes_on_when_it_is_asked_again(service):
    for act in (service.create, service.delete):
        watcher = threading.Thread(target=_kill_server_after, args=(service, "branch"))
        watcher.start()
        with suppress(httpx.TransportError):  # it is killed, perhaps while it answers
            act("served")
        watcher.join()
        start_server(service.live)
        service.gone_on_with(lambda act=act: act("served"))
    assert "kitchen served" not in service.state()


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


_DONE = (
    "select 1 from dataops_step s join dataops_operation o on o.id = s.operation_id "
    "where o.ended_at is null and s.kind || coalesce(':' || s.tool, '') = :part "
    "and s.progress in ('running', 'done')"
)


def _kill_task_after(service, answer, part, *, with_supervisor=False):
    """Kill the process of a provisioning task once a part is under way or done."""
    operation = answer.json()
    run_id = f"{operation['kind']}-{operation['kitchen']}-{operation['id']}-1"

    def killed():
        found = service.live.rows(
            f"{_DONE} and o.id = :operation", part=part, operation=operation["id"]
        )
        pid = service.task_pid(run_id) if found else None
        over = service.operation(operation["id"])["ended_at"]
        if pid:
            for victim in [parent_of(pid), pid] if with_supervisor else [pid]:
                kill(victim)
        return pid or over

    eventually(f"{part} of {operation['kitchen']} is begun", killed, seconds=240)


def _kill_server_after(service, part):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if service.live.rows(_DONE, part=part):
            break
        time.sleep(0.005)
    kill_server(service.live)

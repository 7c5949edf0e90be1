"""Whatever is sent is answered with a problem that says what is wrong, and nothing is created."""

from __future__ import annotations

import shutil
from urllib.parse import quote

import pytest
from sqlalchemy import text

from tests.web.bad_inputs import BODIES, FIELDS, NAMES, PEOPLE
from tests.web.conftest import API, opened

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
TABLES = ("kitchen", "member", "operation", "step", "audit")


def counts(site):
    with site.engine.connect() as connection:
        return [
            connection.scalar(text(f"select count(*) from dataops_{table}"))  # noqa: S608
            for table in TABLES
        ]


@pytest.fixture(scope="module")
def one_installation(retail_installation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unchanged") / "installation"
    shutil.copytree(retail_installation, folder)
    with opened(folder) as site:
        yield site


@pytest.fixture
def unchanged(one_installation):
    """The retail project, in which nothing may change."""
    site = one_installation
    before = counts(site), {name: o.branches() for name, o in site.origins.items()}
    yield site
    assert (counts(site), {name: o.branches() for name, o in site.origins.items()}) == before


def in_addresses(texts):
    """Those that reach us there: a line's end matches no address of Airflow's own app."""
    return {what: t for what, t in texts.items() if isinstance(t, str) and t and "\n" not in t}


def assert_problem(answer, *statuses):
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["type"]
    assert len(problem["detail"]) > 10
    # An answer names what is wrong; it is no copy of what was sent.
    assert len(answer.content) < 4_000
    assert "Traceback" not in answer.text


def refused(asked, *statuses):
    """The problems of many requests, so that all that are wrong are told at once."""
    wrong = {}
    for what, ask in asked.items():
        answer = ask()
        try:
            assert_problem(answer, *statuses)
        except (AssertionError, KeyError, ValueError) as error:
            wrong[what] = f"{answer.status_code} {answer.text[:300]} {error!s:.80}"
    assert not wrong
    return len(asked)


def test_more_than_a_hundred_bad_requests_are_told_apart():
    assert len(NAMES) + len(PEOPLE) + len(FIELDS) + len(BODIES) >= 140


def test_names_that_no_kitchen_can_have(unchanged):
    def create(name):
        body = {"name": name, "parent": "demo_dev"}
        return lambda: unchanged.ask("POST", "/kitchens", by="padma", json=body)

    refused({what: create(name) for what, name in NAMES.items()}, 422)


def test_names_that_no_kitchen_can_have_in_addresses(unchanged):
    def show(name):
        return lambda: unchanged.ask("GET", f"/kitchens/{quote(name, safe='')}", by="padma")

    refused({what: show(name) for what, name in in_addresses(NAMES).items()}, 404, 422)


def test_fields_that_no_kitchen_can_have(unchanged):
    def create(more):
        body = {"name": "fine", "parent": "demo_dev", **more}
        return lambda: unchanged.ask("POST", "/kitchens", by="padma", json=body)

    refused({what: create(more) for what, more in FIELDS.items()}, 403, 404, 422)


def test_bodies_that_are_none(unchanged):
    def create(content):
        headers = {**unchanged.bearer("padma"), "content-type": "application/json"}
        return lambda: unchanged.client.post(f"{API}/kitchens", content=content, headers=headers)

    refused({what: create(content) for what, content in BODIES.items()}, 422)


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_bodies_that_a_form_could_send(unchanged, kind):
    headers = {**unchanged.bearer("padma"), "content-type": kind}
    content = b'{"name": "fine", "parent": "demo_dev"}'
    answer = unchanged.client.post(f"{API}/kitchens", content=content, headers=headers)
    assert_problem(answer, 415)


def test_people_who_are_none(unchanged):
    def put(who):
        address = f"/kitchens/dev_kitchen/staff/{quote(who, safe='')}"
        return lambda: unchanged.ask("PUT", address, by="padma", json={"role": "cook"})

    def create(who):
        body = {"name": "fine", "parent": "demo_dev", "staff": [{"who": who, "role": "cook"}]}
        return lambda: unchanged.ask("POST", "/kitchens", by="padma", json=body)

    refused({what: put(who) for what, who in {**in_addresses(PEOPLE), "": ""}.items()}, 422)
    refused({what: create(who) for what, who in PEOPLE.items()}, 422)


def test_roles_that_are_none(unchanged):
    def put(body):
        address = "/kitchens/dev_kitchen/staff/zoe"
        return lambda: unchanged.ask("PUT", address, by="padma", json=body)

    bad = [{}, {"role": "king"}, {"role": None}, {"role": 1}, {"role": "HEAD"}, {"role": ["head"]}]
    bad.append({"role": "head", "owner": True})
    refused({str(body): put(body) for body in bad}, 422)


def test_settings_that_cannot_be_changed_so(unchanged):
    def change(body):
        return lambda: unchanged.ask("PATCH", "/kitchens/dev_kitchen", by="padma", json=body)

    fixed = ("parent", "environment", "staff")
    bad = {what: body for what, body in FIELDS.items() if not set(body) & set(fixed)}
    bad["another name"] = {"name": "other"}
    bad["another environment"] = {"environment": "production"}
    bad["another parent"] = {"parent": "demo_production"}
    refused({what: change(body) for what, body in bad.items()}, 422)


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "since=0001-01-01T00:00:00%2B14:00",
        "until=9999-12-31T23:59:59-14:00",
        "limit=0",
        "limit=-1",
        "limit=10001",
        "limit=1e9",
        "limit=many",
        "kitchen=Dev",
        "kitchen=dev%00",
        "kitchen=" + "k" * 301,
        "format=xml",
        "format=../csv",
    ],
)
def test_questions_to_the_audit_trail_that_are_none(unchanged, query):
    assert_problem(unchanged.ask("GET", f"/audit?{query}", by="chris"), 422)


@pytest.mark.parametrize("id_", ["1", "x" * 300, "%00", "' or 1=1 --", "0" * 32 + "0"])
def test_operations_that_never_were(unchanged, id_):
    address = f"/operations/{quote(id_, safe='%')}"
    assert_problem(unchanged.ask("GET", address, by="chris"), 404)


@pytest.mark.parametrize("reason", ["r" * 2001, "a%00b", "%1b[0m"])
def test_reasons_that_nobody_can_read(unchanged, reason):
    answer = unchanged.ask("DELETE", f"/kitchens/dev_kitchen?reason={reason}", by="padma")
    assert_problem(answer, 422)


def test_addresses_and_methods_that_are_none(unchanged):
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/kitchens/", 404),
        ("PUT", "/kitchens", 405),
        ("POST", "/kitchens/dev_kitchen", 405),
        ("TRACE", "/me", 405),
        ("GET", "/task/nothing", 404),
        ("GET", "/task/janitor", 405),
    ):
        assert_problem(unchanged.ask(method, path, by="chris"), status)


def test_ten_megabytes_are_refused_before_they_are_read(unchanged):
    body = b'{"name": "' + b"k" * 10_000_000 + b'"}'
    headers = {**unchanged.bearer("padma"), "content-type": "application/json"}
    for method, path in (("POST", "/kitchens"), ("PATCH", "/kitchens/dev_kitchen")):
        answer = unchanged.client.request(method, f"{API}{path}", content=body, headers=headers)
        assert_problem(answer, 413)


def test_ten_megabytes_in_chunks_are_refused_as_soon_as_they_are_too_many(unchanged):
    given = []

    def chunks():
        for number in range(10_000):
            given.append(number)
            yield b" " * 1_000

    headers = {**unchanged.bearer("padma"), "content-type": "application/json"}
    answer = unchanged.client.post(f"{API}/kitchens", content=chunks(), headers=headers)
    assert_problem(answer, 413)


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 5_000, "٣"])
def test_lengths_that_are_none(unchanged, length):
    headers = {**unchanged.bearer("padma"), "content-type": "application/json"}
    headers["content-length"] = length.encode()
    answer = unchanged.client.post(f"{API}/kitchens", content=b"{}", headers=headers)
    assert_problem(answer, 413)


def test_a_refused_body_shows_none_of_what_was_sent(unchanged):
    body = {"name": "fine", "parent": "demo_dev", "pinned": "hunter2", "hunter3": "hunter4"}
    answer = unchanged.ask("POST", "/kitchens", by="padma", json=body)
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert "hunter4" not in answer.text

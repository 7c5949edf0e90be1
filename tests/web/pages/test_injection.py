"""Nothing that people write becomes a part of a page: its tags stay those of harmless text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from sqlalchemy import text

from tests.web.pages.scene import NOW

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "</title></textarea></style><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "--><!-- <b>",
    "<a href='javascript:alert(1)'>x</a>",
    "&lt;script&gt;&#60;b&#62;",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "\u2028<meta http-equiv=refresh content=0>",
    '" hx-get="/evil" hx-trigger="load" x="',
)
# Columns that hold what people or their code wrote; each is shown by one of the pages below.
STORED = (
    "dataops_audit reason",
    "dataops_audit by",
    "dataops_audit action",
    "dataops_kitchen ticket",
    "dataops_kitchen branch",
    "dataops_kitchen slack_channel",
    "dataops_operation by",
    "dataops_operation reason",
    "dataops_operation error",
    "dataops_step what",
    "dataops_step detail",
    "dataops_member who",
    "dataops_schedule enabled_by",
    "dag_run run_id",
    "import_error stacktrace",
    "dataops_result test",
    "dataops_result pipeline",
    "dataops_result stage",
    "dataops_result detail",
    "dataops_message channel",
    "dataops_message kitchen",
    "dataops_chart_act reason",
    "dataops_chart_act by",
)
# Where one value in all rows would be the same twice.
ONE_OF = {
    "dataops_result": "where rowid = (select max(rowid) from dataops_result)",
    "dataops_member": "where rowid = (select max(rowid) from dataops_member where who = 'gus')",
    "dag_run": "where id = (select max(id) from dag_run where dag_id like 'dev_kitchen.%')",
}
CHART = (
    "/kitchens/dev_kitchen/tests/chart?pipeline=profitability&stage=collect"
    "&test=rows%20of%20transactions"
)
SHOWN_ON = (
    "/",
    "/kitchens",
    "/kitchens/dev_kitchen",
    "/kitchens/dev_kitchen/staff",
    "/kitchens/dev_kitchen/tests",
    "/kitchens/dev_kitchen/settings",
    "/dags/dev_kitchen.profitability/runs/scheduled__1",
    "/schedules",
    CHART,
)
SENT = {
    "q of kitchens": ("GET", "/kitchens?q={}"),
    "environment": ("GET", "/kitchens?environment={}"),
    "q of schedules": ("GET", "/schedules?q={}"),
    "parent": ("GET", "/create?parent={}"),
    "name in a path": ("GET", "/kitchens/{}"),
    "path": ("GET", "/nothing/{}"),
    "dag": ("GET", "/dags/{}"),
    "name": ("POST", "/create"),
    "ticket": ("POST", "/create"),
    "ends_on": ("POST", "/create"),
    "reason": ("POST", "/create"),
    "slack_channel": ("POST", "/create"),
    "who": ("POST", "/kitchens/dev_kitchen/staff"),
    "run": ("GET", "/dags/dev_kitchen.profitability/runs/{}"),
    "pipeline of tests": ("GET", "/kitchens/dev_kitchen/tests?pipeline={}"),
    "role": ("POST", "/kitchens/dev_kitchen/staff"),
}


class Skeleton(HTMLParser):
    """A page without its text: tags with the names of their attributes, and where they lead."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.values, self.texts = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *sorted(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]
        leads = [value for name, value in attrs if name in {"href", "action", "src", "hx-post"}]
        assert all(value.startswith(("/", "#")) for value in leads), leads

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        self.tags.append(("comment", data))

    def says(self, payload):
        return any(payload in one for one in [*self.values, "".join(self.texts)])


@pytest.fixture(scope="module")
def written_to(lived_in):
    """Every column that is tried holds something, and nothing keeps it from being changed."""
    with lived_in.engine.begin() as connection:
        connection.execute(text("drop trigger dataops_audit_no_update"))
        connection.execute(
            text(
                "insert into import_error (bundle_name, filename, stacktrace, timestamp) values"
                " ('kitchens-development', 'dev_kitchen/dataops_kitchen.py', '', :now)"
            ),
            {"now": NOW.replace(tzinfo=None).isoformat(sep=" ")},
        )
        connection.execute(
            text(
                "insert into dataops_chart_act"
                " (kitchen_id, kind, pipeline, stage, test, since, reason, by, at) select id,"
                " 'incident', 'profitability', 'collect', 'rows of transactions', :now, '', '',"
                " :now"
                " from dataops_kitchen where name = 'dev_kitchen'"
            ),
            {"now": NOW.replace(tzinfo=None).isoformat(sep=" ")},
        )
        connection.execute(text("update dataops_operation set ended_at = null, progress='failed'"))
    return lived_in


def test_what_is_stored_stays_text(written_to, as_):
    person, engine = as_("padma"), written_to.engine
    operation = written_to.ask("GET", "/kitchens/dev_kitchen/operation", by="padma").json()
    pages = [*SHOWN_ON, f"/operations/{operation['id']}"]
    rows = {}
    for field in STORED:
        table = field.split(" ")[0]
        with engine.begin() as connection:
            found = connection.execute(text(f"select rowid from {table} {ONE_OF.get(table, '')}"))  # noqa: S608
            rows[field] = ",".join(str(row[0]) for row in found)
            assert rows[field], field

    def skeletons(value):
        with engine.begin() as connection:
            for field, ids in rows.items():
                table, column = field.split(" ")
                # Which column it stands in can be told from the page.
                connection.execute(
                    text(f"update {table} set {column} = :value where rowid in ({ids})"),  # noqa: S608
                    {"value": f"{field} {value}"},
                )
        answers = [person.get(page) for page in pages]
        assert {answer.status_code for answer in answers} == {200}
        return [Skeleton(answer.text) for answer in answers]

    expected = [shown.tags for shown in skeletons("harmless")]
    for payload in PAYLOADS:
        shown = skeletons(payload)
        assert [one.tags for one in shown] == expected, payload
        for field in STORED:
            assert any(one.says(f"{field} {payload}") for one in shown), (field, payload)
    skeletons("harmless")


@pytest.mark.parametrize("field", SENT)
def test_what_is_sent_stays_text(as_, field):
    from urllib.parse import quote

    method, path = SENT[field]
    person = as_("padma")

    def skeleton(value):
        if method == "GET":
            answer = person.get(path.format(quote(value, safe="")))
        else:
            data = {"name": "Bad Name", "parent": "demo_dev", "who": "wim", "role": "cook"}
            answer = person.post(path, data={**data, field: value})
        assert answer.status_code < 500
        return Skeleton(answer.text).tags

    expected = skeleton("<x>")
    for payload in PAYLOADS:
        assert skeleton(payload) == expected, payload


def test_enough_is_tried():
    assert len(PAYLOADS) * (len(STORED) + len(SENT)) >= 400

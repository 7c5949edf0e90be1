"""What pages say and do, asked for without a browser: they work without a script, too."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.web.pages.scene import PAGES

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


class Text(HTMLParser):
    """What is to be read on a page, by rows of tables and as a whole."""

    def __init__(self, page):
        super().__init__()
        self.words, self.rows = [], []
        self.feed(page)
        self.all = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - the parser's
        if tag == "tr":
            self.rows.append("")

    def handle_data(self, data):
        self.words.append(data)
        if self.rows:
            self.rows[-1] = " ".join(f"{self.rows[-1]} {data}".split())

    def row(self, begins):
        [found] = [row for row in self.rows if row.startswith(begins)]
        return found


def read(answer, status=200):
    assert answer.status_code == status, answer.text
    return Text(answer.text)


class TestKitchens:
    def test_a_kitchen_stands_below_its_parent_with_all_that_is_asked_about_it(self, as_):
        page = read(as_("padma").get("/kitchens"))
        names = [row.split()[0] for row in page.rows[1:]]
        assert names == ["demo_production", "└", "└"]
        row = page.row("└ dev_kitchen")
        assert "cut from demo_dev" in row
        for said in ("ready", "development", "padma", "3", "2 running", "1 pass"):
            assert said in row

    def test_a_private_kitchen_is_shown_to_its_staff_alone(self, as_, lived_in):
        lived_in.create("padmas_own", "demo_dev", by="padma", shared=False)
        assert "padmas_own" in as_("padma").get("/kitchens").text
        for who in ("gus", "stan", "ada"):
            assert "padmas_own" not in as_(who).get("/kitchens").text
            assert "padmas_own" not in as_(who).get("/").text
            gone = read(as_(who).get("/kitchens/padmas_own"), 404)
            assert gone.all == read(as_(who).get("/kitchens/none_such"), 404).all.replace(
                "none_such", "padmas_own"
            )

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("q=DEV_k", {"dev_kitchen"}),
            ("q=chris", {"demo_production", "demo_dev"}),
            ("environment=production", {"demo_production"}),
            ("state=deleting", set()),
            ("mine=true&q=dev_kitchen", {"dev_kitchen"}),
            ("page=9", set()),
        ],
    )
    def test_those_that_fit_are_listed(self, as_, query, names):
        page = as_("gus").get(f"/kitchens?{query}").text
        found = set(re.findall(rf'<th scope="row".*?{PAGES}/kitchens/(\w+)"', page))
        assert found == names

    @pytest.mark.parametrize("query", ["page=0", "page=x", "mine=perhaps", "q=" + "x" * 201])
    def test_a_query_that_cannot_be_is_told_what_does_not_fit(self, as_, query):
        page = read(as_("gus").get(f"/kitchens?{query}"), 422)
        assert query.partition("=")[0] in page.all


class TestCreation:
    def test_a_kitchen_is_created_from_a_form_and_shows_its_steps(self, as_):
        padma = as_("padma")
        form = read(padma.get("/create?parent=dev_kitchen"))
        assert "dev_kitchen (development)" in form.all
        written = {"name": "from_a_form", "parent": "demo_dev", "ends_on": "2099-03-31"}
        begun = padma.post("/create", data={**written, "shared": "on", "ticket": "DATA-117"})
        assert begun.status_code == 303
        progress = read(padma.get(begun.headers["location"]))
        assert "from_a_form was created" in progress.all
        assert "2 of 2 parts made" in progress.all
        kitchen = read(padma.get("/kitchens/from_a_form")).all
        assert "DATA-117" in kitchen
        assert "2099-03-31 23:59 UTC" in kitchen

    @pytest.mark.parametrize(
        ("written", "said", "status"),
        [
            ({"name": "Not A Name"}, "Not A Name", 422),
            ({"name": "demo_dev"}, "demo_dev", 409),
            ({"name": "late", "ends_on": "2001-01-01"}, "is past", 422),
            ({"name": "late", "ends_on": "soon"}, "is no day", 422),
            ({"name": "k", "ticket": "no ticket!"}, "cannot be a ticket", 422),
            ({"name": "k", "environment": "production"}, "may not point a kitchen", 403),
            ({"name": "k", "parent": "none_such"}, "none_such", 404),
            ({"name": "k", "reason": "x" * 2001}, "reason", 422),
        ],
        ids=lambda one: str(one)[:40],
    )
    def test_what_cannot_be_comes_back_as_it_was_written(self, as_, written, said, status):
        answer = as_("padma").post("/create", data={"parent": "demo_dev", **written})
        page = read(answer, status)
        assert "This cannot be done." in page.all
        assert said in page.all
        assert f'value="{written["name"]}"' in answer.text

    def test_only_kitchens_that_one_may_cut_from_are_offered(self, as_):
        assert '<option value="demo_dev"' not in as_("gus").get("/create").text
        assert "no kitchen here that you may cut one from" in read(as_("gus").get("/create")).all
        assert "Create a kitchen</a>" not in as_("gus").get("/kitchens").text


class TestDeletion:
    def test_what_goes_is_listed_before_and_proven_after(self, as_, lived_in):
        lived_in.create("to_go", "demo_dev", by="padma")
        padma = as_("padma")
        before = read(padma.get("/kitchens/to_go/delete"))
        assert before.row("branch").endswith("to_go")
        gone = padma.post("/kitchens/to_go/delete", data={"reason": "merged"})
        proof = read(padma.get(gone.headers["location"]))
        assert "to_go was deleted" in proof.all
        assert "2 of 2 parts gone" in proof.all
        assert "merged" in proof.all
        assert read(padma.get("/kitchens/to_go"), 404)

    def test_one_with_kitchens_below_says_which_have_to_go_first(self, as_):
        page = read(as_("chris").get("/kitchens/demo_dev/delete"))
        assert "base kitchen of development" in page.all
        assert "<form" not in as_("chris").get("/kitchens/demo_dev/delete").text


class TestStaff:
    def test_somebody_is_put_on_and_taken_off(self, as_):
        padma = as_("padma")
        put = padma.post("/kitchens/dev_kitchen/staff", data={"who": "wim", "role": "guest"})
        assert put.status_code == 303
        assert read(padma.get("/kitchens/dev_kitchen/staff")).row("wim").startswith("wim guest")
        off = padma.post("/kitchens/dev_kitchen/staff", data={"who": "wim", "remove": "yes"})
        assert off.status_code == 303
        assert "wim" not in read(padma.get("/kitchens/dev_kitchen/staff")).all

    @pytest.mark.parametrize(
        ("data", "said"),
        [({"who": "<wim>", "role": "cook"}, "<wim>"), ({"who": "wim", "role": "chef"}, "chef")],
    )
    def test_who_cannot_be_is_refused_with_the_reason(self, as_, data, said):
        page = read(as_("padma").post("/kitchens/dev_kitchen/staff", data=data), 422)
        assert said in page.all

    def test_who_may_not_change_it_sees_no_form(self, as_):
        assert "<form" not in as_("gus").get("/kitchens/dev_kitchen/staff").text


class TestKitchen:
    def test_its_pipelines_stand_with_schedule_runs_and_code(self, as_):
        page = read(as_("padma").get("/kitchens/dev_kitchen"))
        row = page.row("profitability")
        for said in ("0 6 * * 1", "America/Chicago", "running", "5f0c1d9b", "Run"):
            assert said in row
        assert "not run yet" in page.row("segment_report")

    def test_links_lead_into_airflows_own_pages(self, as_):
        page = as_("padma").get("/kitchens/dev_kitchen").text
        assert 'href="/dags/dev_kitchen.profitability"' in page
        assert re.search(r'href="/dags/dev_kitchen.profitability/runs/scheduled__[\w%.-]+"', page)

    def test_a_dags_page_of_airflow_leads_to_its_kitchen(self, as_):
        answer = as_("padma").get("/dags/dev_kitchen.profitability")
        assert answer.headers["location"] == f"{PAGES}/kitchens/dev_kitchen"
        assert read(as_("padma").get("/dags/an_ordinary_dag"), 404)


CHART = "/kitchens/dev_kitchen/tests/chart"
TEST = {"pipeline": "profitability", "stage": "collect", "test": "rows of transactions"}


class TestDataTests:
    def test_the_latest_verdict_of_each_is_listed(self, as_):
        page = read(as_("padma").get("/kitchens/dev_kitchen/tests"))
        row = page.row("rows of transactions")
        for said in ("profitability", "collect", "pass", "40100 to 42700", "2026-02-23"):
            assert said in row
        assert (
            "No data test has run" in read(as_("padma").get("/kitchens/demo_production/tests")).all
        )

    def test_a_chart_shows_points_and_those_of_the_parent_before_them(self, as_):
        answer = as_("padma").get(CHART, params=TEST)
        page = read(answer)
        assert answer.text.count("<circle") + answer.text.count('class="violation"') == 30
        assert "come from demo_dev, until" in page.all
        outside = page.row("2026-02-09")
        assert "12000 40100 to 42700 fail" in outside
        assert "12000, outside</title>" in answer.text

    def test_an_incident_stands_beside_its_points(self, as_):
        said = {**TEST, "what": "incident", "reason": "half a file came"}
        at = "2026-02-09T12:00:00+00:00"
        carl = as_("carl")
        done = carl.post(CHART, data={**said, "since": at, "until": at})
        assert done.status_code == 303
        page = read(carl.get(done.headers["location"]))
        assert "incident half a file came" in page.row("2026-02-09")
        assert "incident" not in page.row("2026-02-16")
        assert "carl named an incident" in page.all

    @pytest.mark.parametrize(
        "wrong",
        [{"since": "then"}, {"reason": ""}, {"until": "2025-01-01T00:00:00+00:00"}],
        ids=str,
    )
    def test_what_cannot_be_said_comes_back(self, as_, wrong):
        said = {**TEST, "what": "incident", "since": "2026-02-09T12:00:00+00:00", "reason": "r"}
        page = read(as_("carl").post(CHART, data={**said, **wrong}), 422)
        assert "This cannot be done." in page.all

    def test_who_only_looks_sees_no_form(self, as_):
        assert "<form" not in as_("gus").get(CHART, params=TEST).text


class TestSchedules:
    def test_all_are_in_one_list(self, as_):
        page = read(as_("gus").get("/schedules"))
        row = page.row("demo_production production profitability")
        for said in ("0 6 * * 1 America/Chicago", "on", "eric", "2026-02-10"):
            assert said in row
        assert "changed since it was enabled" in page.row("demo_production production forecast")

    @pytest.mark.parametrize(("only", "number"), [("enabled", 2), ("waiting", 2), ("all", 4)])
    def test_some_of_them_are_listed(self, as_, only, number):
        page = read(as_("stan").get(f"/schedules?only={only}&q=DEMO_"))
        assert f"{number} schedules" in page.all
        assert len(page.rows) == number + 1

    @pytest.mark.parametrize("who", ["stan", "carl"])
    def test_the_overview_counts_those_that_the_list_has(self, as_, who):
        person = as_(who)
        enabled, waiting = (
            len(read(person.get(f"/schedules?only={only}")).rows) - 1
            for only in ("enabled", "waiting")
        )
        assert f"Enabled {enabled} Waiting to be enabled {waiting}" in read(person.get("/")).all

    def test_who_may_switches_it_and_is_named(self, as_):
        carl = as_("carl")
        address = "/kitchens/dev_kitchen/schedules/forecast"
        shown = {"schedule": "30 6 * * 1", "timezone": "America/Chicago", "from": "list"}
        on = carl.post(address, data={"to": "on", "q": "dev_kitchen", **shown})
        assert on.headers["location"] == f"{PAGES}/schedules?q=dev_kitchen"
        row = read(carl.get("/schedules?q=dev_kitchen")).row("dev_kitchen development forecast")
        assert " on " in row
        assert " carl " in row
        off = carl.post(address, data={"to": "off", "from": "kitchen"})
        assert off.headers["location"] == f"{PAGES}/kitchens/dev_kitchen"
        assert " on " not in read(carl.get("/kitchens/dev_kitchen")).row("forecast")

    def test_what_the_page_did_not_show_is_not_enabled(self, as_):
        answer = as_("carl").post(
            "/kitchens/dev_kitchen/schedules/forecast",
            data={"to": "on", "schedule": "* * * * *", "timezone": "UTC"},
        )
        assert "30 6 * * 1" in read(answer, 409).all

    def test_who_may_not_hears_why(self, as_):
        answer = as_("padma").post("/kitchens/dev_kitchen/schedules/forecast", data={"to": "on"})
        assert "lists carl" in read(answer, 403).all
        assert answer.headers["hx-retarget"] == "#notices"


class TestStates:
    @pytest.mark.parametrize("path", ["/", "/kitchens/dev_kitchen", "/schedules?q=x"])
    def test_who_is_signed_out_is_told_where_to_sign_in(self, as_, path):
        answer = as_(None).get(path)
        assert "You are signed out" in read(answer, 401).all
        assert 'href="/api/v2/auth/login"' in answer.text

    def test_what_is_not_there_says_so(self, as_):
        page = read(as_("padma").get("/nothing_here"), 404)
        assert "there is no page at" in page.all
        assert "All kitchens" in page.all

    def test_an_installation_without_its_file_is_out_of_order(self, as_, lived_in):
        text = lived_in.file.read_text()
        lived_in.file.write_text("projects: [")
        try:
            page = read(as_("padma").get("/kitchens"), 503)
        finally:
            lived_in.file.write_text(text)
        assert "This is out of order" in page.all
        assert str(lived_in.file) not in page.all

    def test_a_fault_says_nothing_of_itself(self, as_, lived_in):
        from sqlalchemy import text

        with lived_in.engine.begin() as connection:
            connection.execute(text("alter table dataops_operation rename to elsewhere"))
        try:
            page = read(as_("padma").get("/kitchens"), 500)
        finally:
            with lived_in.engine.begin() as connection:
                connection.execute(text("alter table elsewhere rename to dataops_operation"))
        assert "something went wrong in the server" in page.all
        assert "dataops_operation" not in page.all

    def test_pages_are_kept_by_no_cache_and_files_for_long(self, as_):
        page = as_("padma").get("/kitchens")
        assert page.headers["cache-control"] == "no-store"
        [style] = re.findall(r'href="([^"]+pages\.css[^"]+)"', page.text)
        file = as_(None).get(style)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
        assert as_(None).get("/static/../../auth.py").status_code in {401, 404}


class TestSettings:
    def test_what_is_changed_is_kept_and_the_rest_stays(self, as_, lived_in):
        lived_in.create("to_set", "demo_dev", by="padma", ticket="DATA-1")
        padma = as_("padma")
        assert 'value="DATA-1"' in padma.get("/kitchens/to_set/settings").text
        sent = {"ticket": "DATA-2", "ends_on": "2099-03-31", "shared": "on", "reason": "moved"}
        assert padma.post("/kitchens/to_set/settings", data=sent).status_code == 303
        shown = read(padma.get("/kitchens/to_set")).all
        assert "DATA-2" in shown
        assert "2099-03-31" in shown
        assert "private" not in shown
        history = len(lived_in.ask("GET", "/kitchens/to_set/history", by="padma").json())
        assert padma.post("/kitchens/to_set/settings", data=sent).status_code == 303
        assert len(lived_in.ask("GET", "/kitchens/to_set/history", by="padma").json()) == history

    def test_what_cannot_be_comes_back_as_it_was_written(self, as_):
        sent = {"ticket": "no ticket!", "shared": "on", "slack_channel": "#mine"}
        answer = as_("padma").post("/kitchens/dev_kitchen/settings", data=sent)
        assert "cannot be a ticket" in read(answer, 422).all
        assert 'value="#mine"' in answer.text

    def test_who_may_not_change_it_is_not_led_there(self, as_):
        assert "/settings" not in as_("gus").get("/kitchens/dev_kitchen").text


class TestRuns:
    def test_a_runs_verdicts_stand_beside_the_way_to_its_logs(self, as_):
        path = "/dags/dev_kitchen.profitability/runs/scheduled__1"
        answer = as_("padma").get(path)
        assert "pass" in read(answer).row("rows of transactions")
        assert "/runs/scheduled__1/tasks/collect.data_tests" in answer.text

    def test_a_run_without_data_tests_says_so(self, as_):
        page = read(as_("padma").get("/dags/dev_kitchen.forecast/runs/manual__a/b+c"))
        assert "No data test of this run has reported" in page.all

    def test_of_an_ordinary_dag_there_is_nothing(self, as_):
        assert read(as_("padma").get("/dags/an_ordinary_dag/runs/x"), 404)

    def test_the_latest_runs_stand_on_the_kitchens_page(self, as_):
        page = as_("padma").get("/kitchens/dev_kitchen").text
        assert "/dags/dev_kitchen.forecast/runs/scheduled__" in page


def test_the_front_page_counts_verdicts_by_environment(as_):
    page = read(as_("padma").get("/")).all
    assert "development ✓ green" in page
    assert "No merge waits for anybody" in page


def test_quality_is_drawn_where_tests_ran_lately(as_, lived_in):
    from datetime import UTC, datetime

    from sqlalchemy import text

    with lived_in.engine.begin() as connection:
        connection.execute(
            text("update dataops_result set at = :now where is_latest and outcome = 'pass'"),
            {"now": datetime.now(tz=UTC).replace(tzinfo=None).isoformat(sep=" ")},
        )
    assert "100 %" in read(as_("padma").get("/kitchens/dev_kitchen/tests")).all
    front = read(as_("padma").get("/")).all
    assert "Quality of base kitchens, 60 days demo_dev 100 %" in front

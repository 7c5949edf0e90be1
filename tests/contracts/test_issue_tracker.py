"""What telling a ticket may rely on: the real client before a double of Jira, and the fake."""

from __future__ import annotations

import pytest

from airflow_dataops.demo.jira_server import CLOUD_USER
from airflow_dataops.domain.ticket import Comment, Ticket
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable
from tests.fakes_tickets import FakeTracker
from tests.jira_host import TOKEN, jira_double

NOTE = Comment(text="padma to chris: look at the joins\n(entry 7)", mark="(entry 7)")


def client(jira, token=TOKEN, user=None):
    from airflow_dataops.adapters.jira import JiraTickets

    return JiraTickets(jira.url, token=token, user=user)


class IssueTrackerContract:
    def test_a_ticket_is_moved_and_assigned_and_says_so(self, tracker):
        assert tracker.show("DATA-117") == Ticket(key="DATA-117", status="To Do", account=None)
        tracker.move("DATA-117", "In Progress")
        tracker.assign("DATA-117", "chris")
        tracker.assign("DATA-117", "eric")
        now = Ticket(key="DATA-117", status="In Progress", account="eric")
        assert tracker.show("DATA-117") == now

    def test_where_its_workflow_does_not_lead_it_does_not_go(self, tracker):
        with pytest.raises(OutsideSystemError, match=r"move to In Progress.* and not to 'Done'"):
            tracker.move("DATA-117", "Done")
        assert tracker.show("DATA-117").status == "To Do"

    def test_a_ticket_that_is_not_there_is_refused(self, tracker):
        with pytest.raises(OutsideSystemError, match=r"ticket DATA-1.*there is no such ticket"):
            tracker.show("DATA-1")

    def test_an_account_that_is_not_there_is_refused(self, tracker):
        with pytest.raises(OutsideSystemError, match="refuses the assignment of ticket DATA-117"):
            tracker.assign("DATA-117", "nobody here")

    def test_what_people_are_to_read_is_said_once(self, tracker, comments):
        other = Comment(text="chris to eric: done\n(entry 9)", mark="(entry 9)")
        for comment in (NOTE, other, NOTE):
            tracker.comment("DATA-117", comment)
        assert comments() == [NOTE.text, other.text]


class TestFake(IssueTrackerContract):
    @pytest.fixture
    def tracker(self):
        return FakeTracker({"DATA-117": ["To Do", None]})

    @pytest.fixture
    def comments(self, tracker):
        return lambda: tracker.comments


class TestJira(IssueTrackerContract):
    @pytest.fixture
    def jira(self):
        with jira_double() as jira:
            yield jira

    @pytest.fixture
    def tracker(self, jira):
        return client(jira)

    @pytest.fixture
    def comments(self, jira):
        return lambda: jira.comments["DATA-117"]

    @pytest.mark.parametrize("mode", ["down", "limited"])
    def test_what_does_not_answer_now_can_be_asked_later(self, jira, tracker, mode):
        jira.mode = mode
        for ask in (
            lambda: tracker.show("DATA-117"),
            lambda: tracker.move("DATA-117", "In Progress"),
            lambda: tracker.assign("DATA-117", "chris"),
        ):
            with pytest.raises(ToolUnreachable, match="it is tried again"):
                ask()
        assert len(jira.calls) == 3  # each once, and without the client's own patience

    def test_an_answer_that_is_lost_is_no_refusal(self, jira, tracker):
        jira.mode = "deaf"
        with pytest.raises(ToolUnreachable):
            tracker.move("DATA-117", "In Progress")
        assert tracker.show("DATA-117").status == "In Progress"

    def test_a_token_that_is_not_taken_is_named_by_its_place_and_not_shown(self, jira):
        other = TOKEN[::-1]
        with pytest.raises(OutsideSystemError, match="provision/jira") as refused:
            client(jira, token=other).show("DATA-117")
        assert other not in str(refused.value)

    def test_no_server_is_one_that_does_not_answer(self):
        with jira_double() as gone:
            tracker = client(gone)
        with pytest.raises(ToolUnreachable, match="does not answer about ticket DATA-117"):
            tracker.show("DATA-117")


class TestJiraOfTheCloud(IssueTrackerContract):
    """Where people are known by an id, and who moves tickets by their name, too."""

    @pytest.fixture
    def jira(self):
        with jira_double(is_cloud=True) as jira:
            yield jira

    @pytest.fixture
    def tracker(self, jira):
        return client(jira, user=CLOUD_USER)

    @pytest.fixture
    def comments(self, jira):
        return lambda: jira.comments["DATA-117"]

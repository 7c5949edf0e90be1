"""Following an operation: what is shown, what is repeated, and when it is given up."""

from __future__ import annotations

import io

import pytest

from airflow_dataops.cli.api_models import OperationAnswer
from airflow_dataops.cli.progress import Journey, Lines, Patience
from airflow_dataops.errors import ApiUnreachable, NotLoggedIn, RequestRefused

QUICK = Patience(first_look=0.001, longest_look=0.002, sign_of_life=0.05, server=0.1)


def seen(progress="running", *, done=(), attempt=1, error=None):
    steps = [
        {"part": part, "what": "k", "progress": "done" if part in done else "pending"}
        for part in ("branch", "schema:redshift")
    ]
    return OperationAnswer.model_validate(
        {"id": "1", "kind": "create", "kitchen": "k", "progress": progress, "attempt": attempt,
         "error": error, "steps": steps}
    )  # fmt: skip


def journey(requests, looks, *, patience=QUICK):
    """A journey whose server gives these answers, the last of them for ever."""
    shown = io.StringIO()

    def take(answers):
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return shown, Journey(
        request=lambda: take(requests),
        look=lambda _id: take(looks),
        display=Lines(shown),
        patience=patience,
    )


def test_each_finished_step_is_told_once_with_its_detail():
    half, whole = seen(done=["branch"]), seen("done", done=["branch", "schema:redshift"])
    shown, way = journey([seen()], [half, half, whole])
    assert way.end().is_over
    assert shown.getvalue().splitlines() == ["branch k: done", "schema:redshift k: done"]


def test_words_of_others_move_no_terminal():
    operation = seen("done", done=["branch"])
    (step, _) = operation.steps
    wild = step.model_copy(update={"detail": "\x1b[2Jgone\r\nor\x07not"})
    shown, way = journey([operation.model_copy(update={"steps": (wild,)})], [operation])
    way.end()
    assert shown.getvalue() == "branch k:  [2Jgone or not\n"


def test_a_failure_is_resumed_once_and_then_left():
    requests = [seen(), seen(attempt=2), RuntimeError("asked a third time")]
    looks = [seen("failed", error="disk full"), seen("failed", attempt=2, error="still full")]
    shown, way = journey(requests, looks)
    left = way.end()
    assert (left.has_failed, left.error) == (True, "still full")
    assert shown.getvalue() == "disk full; trying again\n"
    assert len(requests) == 1


def test_silence_counts_as_stalled_and_is_resumed_once():
    requests = [seen(), seen(), RuntimeError("asked a third time")]
    shown, way = journey(requests, [seen()])
    assert not way.end().is_over
    assert "no sign of progress for" in shown.getvalue()
    assert shown.getvalue().count("trying again") == 1


def test_an_operation_that_ends_while_it_is_asked_for_again_is_over():
    refused = RequestRefused("a kitchen of this name exists", status=409)
    _, way = journey([seen(), refused], [seen("failed", error="x"), seen("done")])
    assert way.end().is_over


def test_a_step_of_the_servers_that_fails_is_tried_once_more():
    unavailable = RequestRefused("git does not answer", status=502)
    shown, way = journey([unavailable, seen("done")], [seen()])
    assert way.end().is_over
    assert shown.getvalue() == "git does not answer; trying again\n"
    _, way = journey([unavailable], [seen()])
    with pytest.raises(RequestRefused, match="git does not answer"):
        way.end()


def test_a_refusal_is_not_asked_for_again():
    requests = [RequestRefused("gus may not", status=403), seen("done")]
    _, way = journey(requests, [seen()])
    with pytest.raises(RequestRefused, match="gus may not"):
        way.end()
    assert len(requests) == 1


def test_a_restart_of_the_server_is_waited_for():
    away = ApiUnreachable("connection refused")
    busy = RequestRefused("not now", status=503)
    shown, way = journey([seen()], [away, busy, away, seen("done")])
    assert way.end().is_over
    assert shown.getvalue() == "connection refused; waiting for it\n"


def test_a_server_that_stays_away_is_given_up_with_the_operation_known():
    _, way = journey([seen()], [ApiUnreachable("connection refused")])
    with pytest.raises(ApiUnreachable):
        way.end()
    assert way.operation is not None


def test_a_login_that_ends_meanwhile_ends_the_watching():
    _, way = journey([seen()], [NotLoggedIn("ended")])
    with pytest.raises(NotLoggedIn):
        way.end()

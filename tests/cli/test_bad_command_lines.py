"""Command lines that cannot be: refused in one sentence, and nothing is made."""

from __future__ import annotations

import pytest

from tests.cli.service import *  # noqa: F403 - fixtures

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
BAD_COMMAND_LINES = [
    (
        ["kitchen", "create", "dev_kitchen", "--from", "demo_dev"],
        1,
        "a kitchen of this name exists",
    ),
    (
        ["kitchen", "create", "Mine", "--from", "demo_dev"],
        1,
        "'Mine' cannot be the name of a kitchen",
    ),
    (["kitchen", "create", "../me", "--from", "demo_dev"], 1, "cannot be the name of a kitchen"),
    (["kitchen", "create", "k" * 49, "--from", "demo_dev"], 1, "at most 48 are allowed"),
    (["kitchen", "create", "mine", "--from", "nobody"], 1, "no kitchen named 'nobody'"),
    (["kitchen", "create", "mine"], 1, "needs a parent to be cut from"),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--environment", "mars"],
        1,
        "named 'mars'",
    ),
    (["kitchen", "create", "mine", "--from", "demo_dev", "--for", "8x"], 2, "no length of time"),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--for", "-8h"],
        2,
        "expected one argument",
    ),
    (["kitchen", "create", "mine", "--from", "demo_dev", "--ends", "soon"], 2, "is no moment"),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--ends", "2031-05-01T10:00"],
        2,
        "no timezone",
    ),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--ends", "2020-05-01T10:00Z"],
        1,
        "is past",
    ),
    (
        [
            "kitchen",
            "create",
            "mine",
            "--from",
            "demo_dev",
            "--for",
            "8h",
            "--ends",
            "2031-05-01T10:00Z",
        ],
        2,
        "give one",
    ),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--staff", "carl"],
        2,
        "is no member of staff",
    ),
    (["kitchen", "create", "mine", "--from", "demo_dev", "--staff", "carl:chef"], 2, "head"),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--staff", "a/b:cook"],
        1,
        "member of staff",
    ),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--ticket", "a b"],
        1,
        "cannot be a ticket",
    ),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--slack-channel", "A!"],
        1,
        "Slack channel",
    ),
    (
        ["kitchen", "create", "mine", "--from", "demo_dev", "--pipelines", "a,B"],
        1,
        "name of a pipeline",
    ),
    (["kitchen", "create", "mine", "--from", "demo_dev", "--reason", "r" * 3000], 1, "reason"),
    (["kitchen", "create", "mine", "--from", "demo_dev", "-o", "xml"], 2, "invalid choice"),
    (["kitchen", "show", "nobody"], 1, "no kitchen named 'nobody'"),
    (["kitchen", "show", "../../me"], 1, "cannot be the name of a kitchen"),
    (["kitchen", "delete", "nobody"], 1, "no kitchen named 'nobody'"),
    (["kitchen", "delete", ""], 1, "cannot be the name of a kitchen"),
    (["kitchen", "delete", "demo_dev"], 1, "padma may not delete kitchen 'demo_dev'"),
    (["kitchen", "history", "nobody"], 1, "no kitchen named 'nobody'"),
    (["kitchen", "refresh", "nobody"], 1, "no kitchen named 'nobody'"),
    (["kitchen", "staff", "nobody"], 1, "no kitchen named 'nobody'"),
    (["kitchen", "staff", "dev_kitchen", "--add", "carl"], 2, "is no member of staff"),
    (["kitchen", "staff", "dev_kitchen", "--remove", "a/../b"], 1, "member of staff"),
    (["kitchen", "staff", "dev_kitchen", "--remove", ".."], 2, "is no name"),
    (
        ["kitchen", "staff", "dev_kitchen", "--add", "x:cook", "--remove", "x"],
        2,
        "added and removed",
    ),
    (["kitchen", "change", "dev_kitchen"], 2, "nothing to change was named"),
    (["kitchen", "change", "dev_kitchen", "--reason", "none"], 2, "nothing to change was named"),
    (["kitchen", "change", "dev_kitchen", "--ends", "2020-05-01T10:00Z"], 1, "is past"),
    (["kitchen", "change", "nobody", "--pinned"], 1, "no kitchen named 'nobody'"),
    (["kitchen", "credentials", "dev_kitchen", "Red Shift"], 1, "cannot be the name of a tool"),
    (["kitchen", "credentials", "dev_kitchen", "redshift", "--ttl", "8"], 2, "no length of time"),
    (["kitchen", "credentials", "dev_kitchen", "redshift", "--ttl", "0h"], 2, "no length of time"),
    (["kitchen", "credentials", "nobody", "redshift"], 1, "no kitchen named 'nobody'"),
    (["operation", "show", "nonsense"], 1, "'nonsense'"),
    (["operation", "show", ".."], 2, "is no name"),
    (["operation", "show", "00000000-0000-0000-0000-000000000000"], 1, "no operation has"),
    (["audit", "export", "--since", "yesterday"], 2, "is no moment"),
    (["audit", "export", "--since", "1h", "--until", "2h"], 2, "has to be before"),
    (["audit", "export", "--kitchen", "never_was"], 1, "no kitchen named 'never_was'"),
    (["audit", "export", "--format", "xml"], 2, "invalid choice"),
]


def test_every_bad_command_line_is_refused_in_one_sentence_and_nothing_is_made(
    laptop, retail_service
):
    retail_service.log_in(laptop, "padma")
    wrong = []
    for words, code, said in BAD_COMMAND_LINES:
        refused = laptop.dataops(*words)
        if (refused.code, said in refused.said) != (code, True):
            wrong.append((words, refused.code, refused.said))
        elif "see help above" not in refused.stderr:
            is_one_sentence = refused.stderr.startswith("error: ") and refused.stdout == ""
            wrong += [] if is_one_sentence else [(words, refused.stderr, refused.stdout)]
    assert wrong == []
    made = retail_service.site.names(by="padma")
    assert made == ["demo_dev", "demo_production", "dev_kitchen"]

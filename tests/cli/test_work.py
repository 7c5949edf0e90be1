"""``airflow dataops work …`` and hand-offs from a laptop, through the real REST API."""

from __future__ import annotations

import pytest

from tests.cli.service import *  # noqa: F403 - fixtures

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


def test_work_is_handed_on_and_shown_with_who_had_it(laptop, retail_service):
    retail_service.log_in(laptop, "padma")
    [row] = [
        r
        for r in laptop.dataops("work", "list", "-o", "json").rows
        if r["kitchen"] == "dev_kitchen"
    ]
    assert (row["step"], row["at"], row["assignee"]) == ("work", "dev_kitchen", "padma")
    to = ("--to", "nora", "--note", "look at the joins")
    handed = laptop.dataops("kitchen", "hand-off", "dev_kitchen", *to)
    assert handed.code == 0, handed.stderr
    again = laptop.dataops("kitchen", "hand-off", "dev_kitchen", *to)
    assert again.stdout.count("nora") == handed.stdout.count("nora") == 1
    [found] = laptop.dataops("work", "show", "dev_kitchen", "-o", "json").rows
    assert [(s["step"], s["assignee"], s["note"]) for s in found["stays"]] == [
        ("creation", "padma", None),
        ("work", "padma", None),
        ("work", "nora", "look at the joins"),
    ]
    staff = laptop.dataops("kitchen", "staff", "dev_kitchen", "-o", "json").rows
    assert {"who": "nora", "role": "cook"} in staff
    # To whom a kitchen belongs who is no head there may hand it to those who cook there already.
    retail_service.log_in(laptop, "nora")
    refused = laptop.dataops("kitchen", "hand-off", "dev_kitchen", "--to", "mona")
    assert refused.code == 1
    assert "this takes a head" in refused.said
    assert laptop.dataops("kitchen", "hand-off", "dev_kitchen", "--to", "padma").code == 0


@pytest.mark.parametrize(
    ("kitchen", "to", "said"),
    [
        ("dev_kitchen", "role:analysts", "stands for several"),
        ("dev_kitchen", "; drop", "drop"),
        ("demo_dev", "carl", "nobody's piece of work"),
        ("moon", "carl", "no kitchen named 'moon'"),
    ],
)
def test_what_cannot_be_handed_off_is_refused_in_a_sentence(
    laptop, retail_service, kitchen, to, said
):
    retail_service.log_in(laptop, "chris")
    refused = laptop.dataops("kitchen", "hand-off", kitchen, "--to", to)
    assert refused.code == 1
    assert said in refused.said

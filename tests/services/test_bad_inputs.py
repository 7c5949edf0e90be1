"""What people, scripts and attackers send: each gets a clear error, and nothing is made."""
# ruff: noqa: RUF001 - letters that only look like ours are what is tried

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import (
    DataOpsError,
    EnvironmentNotFound,
    InvalidName,
    InvalidRequest,
    KitchenNotFound,
)
from tests.installation import Installation
from tests.kitchen_values import NOON

NAMES = [
    # empty and invisible
    "", " ", "\t", "\n", "\0", "dev\0kitchen", "dev\n", "\ndev", "dev kitchen", " dev", "dev ",
    # SQL
    "x'; DROP TABLE dag; --", 'dev"kitchen', "dev;kitchen", "dev--", "dev'--", "dev/**/kitchen",
    "dev%", "dev' OR '1'='1", "$$dev$$", "E'dev'",
    # shell
    "$(rm -rf /)", "`id`", "dev|id", "dev&&id", "dev>x", "-rf", "--upload-pack=id", "$HOME", "dev*",
    "~root", "!dev", "dev\\",
    # paths and URLs
    "..", ".", "../production", "dev/../production", "/etc/passwd", "dev/kitchen", "a\\b",
    "%2e%2e%2f", "dev.lock", "dev.kitchen", "refs:dev", "dev@{1}", "s3://acme", "dev?x=1", "dev#x",
    # templates, markup and formats
    "{{ 7*7 }}", "{name}", "%s", "${x}", "<script>alert(1)</script>", "dev&amp;",
    # other alphabets, and letters that only look like ours
    "küche", "кухня", "厨房", "مطبخ", "👩‍🍳", "dеv_kitchen", "demo＿dev", "ｄｅｖ", "ⅾev", "dev²",
    "dev١", "ſtaging", "de\u0301v", "dev\u200bkitchen", "dev\u202enehctik", "dev\u00a0kitchen",
    "\ufeffdev", "\ud800",
    # the rules of snake case
    "Dev", "DEV", "devKitchen", "1dev", "_dev", "dev-kitchen", "dev,kitchen", "dev+kitchen",
    # reserved
    "airflow", "dataops", "default", "information_schema", "public", "pipelines", "pg_catalog",
    "pg_temp", "pg_",
    # too long
    "a" * 49, "a" * 64, "a" * 256, "a" * 100_000,
]  # fmt: skip
PARENTS = [
    "", " ", "nobody", "Demo_dev", "demo_dev ", "demo_dev'; --", "../demo_dev", "demo_dеv",
    "dev_kitchen", "demo_bank_child", "\0", "*", "a" * 100_000,
]  # fmt: skip
ENVIRONMENTS = [" ", "Development", "development'; --", "../production", "\0", "x" * 100_000]
TICKETS = [
    "", " ", "DATA 117", "DATA-117\n", "-117", "#117", "<script>", "DATA-117; rm -rf /", "täst",
    "x" * 201, "\0", "http://a b", "x" * 100_000,
]  # fmt: skip
CHANNELS = [
    "", "#", "# alerts", "#Alerts", "#alerts\n", "#a b", "@here", "<!channel>", "#ä", "##a",
    "#" + "a" * 81, "#a;b", "x" * 100_000,
]  # fmt: skip
PIPELINES = ["", "Profit", "a.b", "../x", "a b", "a'--", "1st", "прибыль", "a\n", "a" * 151]
PEOPLE = [
    "", " ", "role:", "role: x", "role:role:x", "padma ", "a;b", "a\nb", "pad\u200bma", "<b>", "*",
    "a/b", "\0", "\ud800", "x" * 251, "x" * 100_000,
]  # fmt: skip
ENDS = [
    NOON,
    NOON - timedelta(microseconds=1),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    datetime(2026, 4, 1),  # noqa: DTZ001 - without a timezone, that is what is refused
]
REASONS = ["x" * 2001, "\0", "a\x1b[31mb", "\udfff"]
NAME_AND_RULE = r"cannot be the name of a (kitchen|pipeline|member of staff): "
WORDS = {
    InvalidName: NAME_AND_RULE,
    KitchenNotFound: "no kitchen named ",
    EnvironmentNotFound: "no release environment named .*; declared: bank, development",
    InvalidRequest: ";|twice|past",
}


def given(field, error, values):
    return [pytest.param(field, value, error, id=f"{field} {value!r:.30}") for value in values]


@pytest.fixture(scope="module")
def installation():
    """Both base kitchens, and what there is before anybody asks."""
    installation = Installation()
    installation.create("demo_production", by="eric")
    installation.create("demo_dev", "demo_production", by="chris")
    installation.hooks.told.clear()
    return installation


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        *given("name", InvalidName, NAMES),
        *given("parent", KitchenNotFound, PARENTS),
        *given("environment", EnvironmentNotFound, ENVIRONMENTS),
        *given("ticket", InvalidRequest, TICKETS),
        *given("slack_channel", InvalidRequest, CHANNELS),
        *given("pipelines", InvalidName, [(name,) for name in PIPELINES]),
        *given("pipelines", InvalidRequest, [tuple("p" for _ in range(501))]),
        *given("staff", InvalidName, [(Member(who=who, role=Role.COOK),) for who in PEOPLE]),
        *given("staff", InvalidRequest, [(Member(who="ana", role=Role.COOK),) * 2]),
        *given("ends_at", InvalidRequest, ENDS),
        *given("reason", InvalidRequest, REASONS),
    ],
)
def test_it_is_refused_in_a_few_words_and_nothing_is_made(installation, field, value, error):
    before, recorded = installation.outside, len(installation.recorded.audit)
    asked = {"name": "dev_kitchen", "parent": "demo_dev", field: value}
    with pytest.raises(error, match=WORDS[error]) as refused:
        installation.begin(asked.pop("name"), **asked)
    assert len(str(refused.value)) < 400
    assert "\0" not in str(refused.value)
    assert installation.outside == before
    assert len(installation.recorded.audit) == recorded
    assert installation.hooks.told == []


def test_more_than_a_hundred_are_tried():
    tried = [NAMES, PARENTS, ENVIRONMENTS, TICKETS, CHANNELS, PIPELINES, PEOPLE, ENDS, REASONS]
    assert sum(map(len, tried)) > 150


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_that_cannot_be_kept_deletes_nothing(reason):
    installation = Installation()
    installation.create("demo_production", by="eric")
    before = installation.outside
    with pytest.raises(InvalidRequest):
        installation.begin_to_delete("demo_production", reason=reason)
    assert installation.outside == before


def test_the_tree_takes_no_cycle():
    installation = Installation()
    installation.create("demo_production", by="eric")
    installation.create("demo_dev", "demo_production", by="chris")
    installation.create("a", "demo_dev")
    installation.create("b", "a")
    for name, parent in [("a", "b"), ("a", "a"), ("demo_dev", "b")]:
        with pytest.raises(DataOpsError):
            installation.begin(name, parent)
    parents = {kitchen.name: kitchen.parent for kitchen in installation.registry.kitchens()}
    assert parents == {
        "demo_production": None,
        "demo_dev": "demo_production",
        "a": "demo_dev",
        "b": "a",
    }

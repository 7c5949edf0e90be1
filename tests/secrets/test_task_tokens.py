"""Tokens for our own API: ours alone, of one try, for minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from airflow_dataops.domain.identity import KitchenTask
from airflow_dataops.errors import ConfigurationError, CredentialRefused
from airflow_dataops.secrets import task_tokens

pytestmark = pytest.mark.airflow
KEY, OTHER_KEY = "k" * 64, "o" * 64
TASK = KitchenTask(
    kitchen_id="dataops",
    kitchen="dataops",
    environment="development",
    dag_id="dataops.development.provision",
    run_id="r",
    task_id="work",
    try_number=3,
    state="running",
)


@pytest.fixture(autouse=True)
def _configured(monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__TOKEN_KEY", KEY)


def claims(**changed):
    now = datetime.now(tz=UTC)
    return {
        "aud": "dataops",
        "iat": now,
        "exp": now + timedelta(minutes=10),
        "sub": "ti",
        "try": 3,
        "dag": "dataops.development.provision",
        "kitchen": "dataops",
        "environment": "development",
    } | changed


def signed(payload, key=KEY, algorithm="HS512"):
    return jwt.encode(payload, key, algorithm=algorithm)


def test_a_token_says_for_whom_it_was_minted():
    assert task_tokens.read(task_tokens.mint(TASK, "ti")) == task_tokens.TaskClaims(
        task_instance="ti",
        try_number=3,
        dag_id="dataops.development.provision",
        kitchen_id="dataops",
        environment="development",
    )


def test_it_lasts_ten_minutes():
    said = jwt.decode(task_tokens.mint(TASK, "ti"), KEY, ["HS512"], audience="dataops")
    assert said["exp"] - said["iat"] == 600


def test_an_old_one_is_refused_with_what_to_do():
    past = datetime.now(tz=UTC) - timedelta(seconds=11)
    with pytest.raises(CredentialRefused, match="too old; look the connection up again"):
        task_tokens.read(signed(claims(exp=past)))


def without(claim):
    return signed({name: value for name, value in claims().items() if name != claim})


# Made when it is their turn: a token of the time of collection is an old one by then.
@pytest.mark.parametrize(
    "made",
    [
        lambda: signed(claims(), key=OTHER_KEY),
        lambda: signed(claims(), key="", algorithm="none"),
        lambda: signed(claims(), algorithm="HS384"),
        lambda: signed(claims(aud="urn:airflow.apache.org:task")),
        lambda: without("aud"),
        lambda: without("exp"),
        lambda: without("try"),
        lambda: signed(claims(iat=datetime.now(tz=UTC) + timedelta(minutes=5))),
        lambda: "",
        lambda: "hunter2",
        lambda: "a.b.c",
        lambda: "x" * 100_000,
    ],
    ids=[
        "other key", "no signature", "other algorithm", "airflow's audience", "no audience",
        "no end", "no try", "of the future", "empty", "text", "dots", "long",
    ],
)  # fmt: skip
def test_what_is_none_of_ours_is_refused_without_being_shown(made):
    token = made()
    with pytest.raises(CredentialRefused, match="no token of a task") as refused:
        task_tokens.read(token)
    assert refused.value.__cause__ is None
    assert not token or token not in str(refused.value)


def test_without_a_key_none_is_minted_and_none_is_read(monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__TOKEN_KEY", "")
    with pytest.raises(ConfigurationError, match="token_key is not set"):
        task_tokens.mint(TASK, "ti")
    with pytest.raises(ConfigurationError, match="token_key is not set"):
        task_tokens.read(signed(claims()))

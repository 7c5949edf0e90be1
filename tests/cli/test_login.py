"""``airflow dataops login``: whose password is asked for, and where the token goes."""

from __future__ import annotations

import base64
import json
import time

import pytest

from tests.cli.service import *  # noqa: F403 - fixtures
from tests.cli.service import PASSWORDS

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
NOWHERE = "http://127.0.0.1:9"


def token_until(moment):
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "2", "exp": moment}).encode())
    return f"e30.{claims.rstrip(b'=').decode()}.x"


@pytest.mark.parametrize("who", ["padma", "chris"])
def test_a_password_on_standard_input_gets_a_token_that_commands_use(laptop, service, who):
    logged_in = laptop.dataops(
        *("login", "--url", f"{service.url}/", "--username", who, "--password-stdin"),
        stdin=f"{PASSWORDS[who]}\n",
        umask=0,
    )
    assert logged_in.code == 0, logged_in.stderr
    assert f"logged in to {service.url} as {who} until " in logged_in.stdout
    assert laptop.login_file.stat().st_mode & 0o777 == 0o600
    assert laptop.login_file.parent.stat().st_mode & 0o777 == 0o700
    kept = json.loads(laptop.login_file.read_text())
    assert (kept["url"], kept["username"]) == (service.url, who)
    assert kept["token"] not in logged_in.stdout + logged_in.stderr
    (shown,) = laptop.dataops("login", "--show", "-o", "json").rows
    assert (shown["user"], shown["server"]) == (who, service.url)
    assert "UTC" in shown["until"]
    assert laptop.dataops("kitchen", "list").code == 0


def test_a_terminal_asks_for_name_and_password_and_shows_no_password(laptop, service):
    with laptop.at_terminal("login", "--url", service.url) as (terminal, number):
        terminal.wait_for(f"Username for {service.url}:")
        terminal.type("padma\n")
        terminal.wait_for(f"Password of padma at {service.url}:")
        time.sleep(0.2)  # getpass drops what was typed before it turned the echo off
        terminal.type(f"{PASSWORDS['padma']}\n")
        assert laptop.finish(number).code == 0
    assert "logged in" in terminal.plain
    assert PASSWORDS["padma"] not in terminal.text


def test_a_wrong_password_keeps_the_login_before(laptop, service):
    service.log_in(laptop, "chris")
    before = laptop.login_file.read_text()
    wrong = laptop.dataops("login", "--username", "padma", "--password-stdin", stdin="nonsense\n")
    assert wrong.code == 1
    assert wrong.said == f"error: {service.url} does not know 'padma' with this password"
    assert laptop.login_file.read_text() == before


def test_logging_out_forgets_the_token(laptop):
    laptop.log_in(NOWHERE, token_until(4e9))
    assert laptop.dataops("logout").stdout == "logged out\n"
    assert list(laptop.login_file.parent.iterdir()) == []
    assert laptop.dataops("logout").stdout == "you were not logged in\n"
    refused = laptop.dataops("kitchen", "list")
    assert refused.code == 1
    assert "you are not logged in; run `airflow dataops login --url https://" in refused.said


def test_an_ended_token_is_not_sent_and_the_way_on_is_named(laptop):
    laptop.log_in(NOWHERE, token_until(1_700_000_000))
    for words in (["kitchen", "list"], ["login", "--show"], ["audit", "export"]):
        refused = laptop.dataops(*words)
        assert refused.code == 1
        assert refused.said == (
            f"error: your login to {NOWHERE} ended 2023-11-14 22:13 UTC; "
            "run `airflow dataops login` again"
        )


def test_a_token_that_the_server_does_not_take_is_named(laptop, service):
    laptop.log_in(service.url, token_until(4e9))
    refused = laptop.dataops("kitchen", "list")
    assert refused.code == 1
    assert "does not take your login (any more); run `airflow dataops login` again" in refused.said


def test_variables_win_over_the_file(laptop, service):
    laptop.log_in(NOWHERE, token_until(4e9))
    environ = {"DATAOPS_API_URL": service.url, "DATAOPS_TOKEN": service.token("padma")}
    assert laptop.dataops("kitchen", "list", environ=environ).code == 0
    (shown,) = laptop.dataops("login", "--show", "-o", "json", environ=environ).rows
    assert (shown["server"], shown["from"]) == (service.url, "DATAOPS_TOKEN")


def test_a_token_goes_to_no_other_server_than_its_own(laptop, service):
    laptop.log_in(NOWHERE, token_until(4e9))
    refused = laptop.dataops("kitchen", "list", environ={"DATAOPS_API_URL": service.url})
    assert refused.code == 1
    assert f"DATAOPS_API_URL names {service.url} and your login is for {NOWHERE}" in refused.said


def test_an_airflow_without_our_api_is_logged_in_to_with_a_warning(laptop, service):
    service.site.client.app.router.routes[:] = [
        route for route in service.site.client.app.router.routes if route.path != "/dataops"
    ]
    words = ("login", "--url", service.url, "--username", "padma", "--password-stdin")
    logged_in = laptop.dataops(*words, stdin=PASSWORDS["padma"])
    assert logged_in.code == 0
    assert "its DataOps API did not answer" in logged_in.said
    assert "is airflow-provider-dataops installed in that Airflow" in logged_in.said


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("{", 0o600, "cannot be read (it is damaged); run `airflow dataops login`"),
        ("[]", 0o600, "is damaged; run `airflow dataops login`"),
        ('{"url": 1, "token": "", "username": ""}', 0o600, "is damaged"),
        ('{"url": "u", "token": "t", "username": "n"}', 0o644, "others may read"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_not_used(laptop, content, mode, said):
    laptop.log_in(NOWHERE, "t")
    laptop.login_file.write_text(content)
    laptop.login_file.chmod(mode)
    refused = laptop.dataops("kitchen", "list")
    assert (refused.code, said in refused.said) == (1, True), refused.said


def test_the_xdg_folder_is_used_where_there_is_one(laptop):
    laptop.log_in(NOWHERE, token_until(4e9))
    elsewhere = laptop.home / "xdg"
    laptop.login_file.parent.parent.rename(elsewhere)
    environ = {"XDG_CONFIG_HOME": str(elsewhere)}
    assert laptop.dataops("login", "--show", environ=environ).code == 0
    # A path that is not absolute is to be ignored, says the XDG specification.
    assert laptop.dataops("login", "--show", environ={"XDG_CONFIG_HOME": "xdg"}).code == 1


@pytest.mark.parametrize(
    ("words", "stdin", "code", "said"),
    [
        ([], "", 2, "which server? name it with --url"),
        (["--url", "airflow.example.com"], "", 2, "cannot be the address of an API server"),
        (["--url", "ftp://airflow"], "", 2, "cannot be the address of an API server"),
        (["--url", "http://"], "", 2, "cannot be the address of an API server"),
        (["--url", "http://a:99999"], "", 2, "cannot be the address of an API server"),
        (["--url", "http://a/?x=1"], "", 2, "cannot be the address of an API server"),
        (["--url", "http://a b"], "", 2, "cannot be the address of an API server"),
        (["--url", "https://me:hush@airflow"], "", 2, "user name or password in it is not taken"),
        (["--url", NOWHERE], "", 2, "name yourself with --username"),
        (["--url", NOWHERE, "--username", "p"], "x\n", 2, "pipe it in with --password-stdin"),
        (["--url", NOWHERE, "--username", "p", "--password-stdin"], "\n", 2, "no password"),
        (["--url", NOWHERE, "--username", "p", "--password-stdin"], "x\n", 1, "cannot be reached"),
        (["--show"], "", 1, "you are not logged in"),
        (["--nonsense"], "", 2, "unrecognized arguments"),
    ],
)
def test_a_bad_login_is_refused_and_nothing_is_kept(laptop, words, stdin, code, said):
    refused = laptop.dataops("login", *words, stdin=stdin)
    assert (refused.code, said in refused.said) == (code, True), refused.said
    assert "hush" not in refused.said
    assert not laptop.login_file.exists()


def test_a_way_that_others_listen_on_is_warned_of(laptop):
    words = ("login", "--url", "http://nobody.invalid", "--username", "p", "--password-stdin")
    warned = laptop.dataops(*words, stdin="x")
    assert "warning: http://nobody.invalid is not encrypted" in warned.said
    assert warned.code == 1

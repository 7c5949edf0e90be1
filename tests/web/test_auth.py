"""Who asks: Airflow's own tokens and cookies, and pages that ask in somebody's name."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace

import pytest

from airflow_dataops.errors import NotAllowed
from tests.live_airflow import eventually
from tests.web.conftest import API, token

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
CHANGE = ("PATCH", "/kitchens/dev_kitchen", {"ticket": "DATA-117"})


def with_cookie(site, who, method, path, body, **headers):
    site.client.cookies.set("_token", token(who))
    try:
        return site.client.request(method, f"{API}{path}", json=body, headers=headers)
    finally:
        site.client.cookies.clear()


def test_a_person_is_known_with_what_they_own_and_where_they_work(retail):
    assert retail.ask("GET", "/me", by="padma").json() == {
        "name": "padma",
        "roles": ["viewer"],
        "owns": [],
        "kitchens": {"demo_dev": "cook", "dev_kitchen": "head"},
    }
    chris = retail.ask("GET", "/me", by="chris").json()
    assert chris["owns"] == ["development"]
    assert chris["kitchens"] == {
        "demo_dev": "owner",
        "demo_production": "cook",
        "dev_kitchen": "owner",
    }


def test_whoever_has_a_role_is_who_the_role_stands_for(retail):
    assert retail.ask("GET", "/me", by="una").json()["kitchens"] == {"demo_dev": "guest"}
    assert retail.ask("GET", "/me", by="bella").json()["owns"] == ["bank"]


def test_a_cookie_reads_from_anywhere(retail):
    answer = with_cookie(retail, "padma", "GET", "/me", None)
    assert answer.json()["name"] == "padma"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-site", "origin": "http://testserver"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:8080"},
        {"origin": ""},
        {"referer": "http://testserver/"},
        # No token, so the cookie it is.
        {"authorization": "Basic cGFkbWE6cGFkbWE="},
        {"authorization": "Bearer "},
        {"authorization": "Bearer"},
    ],
)
def test_a_foreign_page_changes_nothing_with_the_users_cookie(retail, headers):
    answer = with_cookie(retail, "padma", *CHANGE, **headers)
    assert answer.status_code in {401, 403}
    assert answer.headers["content-type"] == "application/problem+json"
    assert retail.ask("GET", "/kitchens/dev_kitchen", by="padma").json()["ticket"] is None


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}]
)
def test_airflows_own_pages_change_things_with_the_users_cookie(retail, headers):
    assert with_cookie(retail, "padma", *CHANGE, **headers).status_code == 200


def test_a_token_needs_no_page(retail):
    method, path, body = CHANGE
    headers = {"sec-fetch-site": "cross-site"}
    assert retail.ask(method, path, by="padma", json=body, headers=headers).status_code == 200


def test_a_token_counts_more_than_a_cookie(retail):
    headers = retail.bearer("stan")
    assert with_cookie(retail, "padma", *CHANGE, **headers).status_code == 403


@pytest.mark.parametrize("token", ["", "junk", "a.b.c", "null"])
def test_a_token_that_is_none_opens_nothing(retail, token):
    answer = retail.ask("GET", "/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in {401, 403}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_token_of_another_audience_or_key_opens_nothing(retail):
    import time

    import jwt

    from tests.web.conftest import JWT_SECRET

    now = int(time.time())
    claims = {"sub": "eric", "role": "admin", "teams": [], "iat": now, "nbf": now}
    claims |= {"exp": now + 60, "aud": "apache-airflow"}
    for changed, key in (
        ({"aud": "dataops"}, JWT_SECRET),
        ({"aud": "urn:airflow.apache.org:task"}, JWT_SECRET),
        ({"exp": now - 60}, JWT_SECRET),
        ({}, "another-key-" * 8),
    ):
        token = jwt.encode({**claims, **changed}, key, "HS512")
        answer = retail.ask("GET", "/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in {401, 403}, changed


def test_a_broken_body_of_nobodys_is_not_looked_at(retail):
    answer = retail.client.post(f"{API}/kitchens", content=b"{", headers={})
    assert answer.status_code == 401


def test_a_user_of_fab_has_several_roles():
    from airflow_dataops.web.auth import asking_person

    roles = [SimpleNamespace(name="Viewer"), SimpleNamespace(name="data engineers")]
    user = SimpleNamespace(get_name=lambda: "padma", roles=roles)
    request = SimpleNamespace(method="GET", headers={}, state=SimpleNamespace())
    person = asking_person(request, user)
    assert person.name == "padma"
    assert person.roles == {"Viewer", "data engineers"}
    assert person.is_one_of(["role:data engineers"])


def test_a_foreign_page_is_refused_whatever_the_auth_manager():
    from airflow_dataops.web.auth import asking_person

    user = SimpleNamespace(get_name=lambda: "padma", roles=[])
    request = SimpleNamespace(method="POST", headers={"host": "airflow"}, state=SimpleNamespace())
    with pytest.raises(NotAllowed, match="comes from another site's page"):
        asking_person(request, user)


def test_nothing_is_told_about_the_api_to_nobody(retail):
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert retail.ask("GET", path).status_code in {401, 404}
    described = retail.ask("GET", "/openapi.json", by="stan").json()
    schemas = described["components"]["schemas"]
    assert schemas["CreateKitchen"]["additionalProperties"] is False
    assert not [
        ref for ref in _refs(described) if ref.removeprefix("#/components/schemas/") not in schemas
    ]
    assert "/api/v1/kitchens/{name}" in described["paths"]


def _refs(described):
    if isinstance(described, dict):
        if isinstance(ref := described.get("$ref"), str):
            yield ref
        for value in described.values():
            yield from _refs(value)
    elif isinstance(described, list):
        for value in described:
            yield from _refs(value)


def test_the_plugin_names_an_app_and_builds_none():
    from airflow_dataops.plugins.dataops import DataOpsPlugin

    [mounted] = DataOpsPlugin.fastapi_apps
    assert mounted["url_prefix"] == "/dataops"
    assert mounted["app"]._app is None


def test_the_app_is_built_once_by_the_first_request(retail):
    from starlette.testclient import TestClient

    from airflow_dataops.plugins.dataops import LazyApp

    lazy = LazyApp()
    with TestClient(lazy) as client:
        built = {asyncio.run(_app_after(client, lazy, retail)) for _ in range(3)}
    assert len(built) == 1


@pytest.mark.usefixtures("retail", "collector")
def test_a_server_that_starts_builds_it_before_anybody_asks():
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from airflow_dataops.plugins.dataops import BuildAtStart, LazyApp
    from airflow_dataops.web.pages import rendering

    lazy = LazyApp()
    rendering._templates.cache_clear()
    with TestClient(BuildAtStart(Starlette(), ours=lazy)):
        eventually("it is built", lambda: lazy._app is not None)
        pages = rendering._templates()
        eventually("its pages are", lambda: len(pages.cache) == len(pages.list_templates()))


@pytest.mark.usefixtures("retail", "collector")
def test_what_a_server_has_loaded_is_not_looked_through_while_it_answers():
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from airflow_dataops.plugins.dataops import BuildAtStart, LazyApp

    gc.set_threshold(700, 11, 12)
    with TestClient(BuildAtStart(Starlette(), ours=LazyApp())):
        eventually("it is passed over", lambda: gc.get_threshold() == (10_000, 11, 12))
    assert gc.get_freeze_count() > 100_000


@pytest.fixture
def collector():
    """Python's garbage collector, which is as it was afterwards."""
    thresholds = gc.get_threshold()
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


async def _app_after(client, lazy, site):
    answer = await asyncio.to_thread(client.get, "/api/v1/me", headers=site.bearer("padma"))
    assert answer.json()["name"] == "padma"
    return lazy._app

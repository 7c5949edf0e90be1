"""Names that a kitchen's task says are names of its kitchen.

The code of a task says ``sales_daily``, ``Asset("sales")`` or ``xcom_pull(dag_id="sales_daily")``
in every kitchen alike. Whatever made the name (an argument, a template, a Python function), it
comes past here on its way into Airflow, and here it gets its kitchen in front. So the same code
works in each kitchen, and none of it reaches another's.

A name in the namespace of another living kitchen is left as it is: it is meant, and it is refused
with a reason (``crossing``).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_dataops.domain.identity import KitchenTask
    from airflow_dataops.secrets.crossing import Request

_DAG_IN_PATH = re.compile(
    r"/(?:xcoms|dag-runs(?!/(?:count|previous)\Z)|dags|task-instances/previous)/(?P<dag>[^/]+)"
)
_DAGS_IN_QUERY = re.compile(r"/(?:task-instances/(?:count|states|breadcrumbs)|dag-runs/\w+)\Z")
_ASSETS_IN_QUERY = re.compile(r"/(?:assets|asset-events|store/asset)/")
_NAMES, _URIS = ("name", "alias_name"), ("uri",)


def put_into_kitchen(
    request: Request, task: KitchenTask, living: Callable[[set[str]], set[str]]
) -> None:
    """Let a request of a kitchen's task speak of its own kitchen; changes the request.

    Args:
        request: its body is looked at where it was read.
        task: who asks.
        living: which of these kitchens there are; asked only about names with a namespace.
    """
    if task.is_platforms:
        return
    spoken = set(_spoken(request))
    claimed = {space for name in spoken if (space := _namespace(name))} - {task.kitchen}
    others = living(claimed) if claimed else set()

    def dag_or_asset(name: str) -> str:
        return name if _namespace(name) in others else names.in_kitchen(name, task.kitchen)

    def uri(text: str) -> str:
        return text if _namespace(text) in others else names.asset_uri(text, task.kitchen)

    _change(request, dag_or_asset, uri)


def _spoken(request: Request) -> Iterator[str]:
    """Every name that a request speaks of."""
    found: list[str] = []

    def note(name: str) -> str:
        found.append(name)
        return name

    _change(request, note, note)
    yield from found


def _change(request: Request, name: Callable[[str], str], uri: Callable[[str], str]) -> None:
    if match := _DAG_IN_PATH.match(request.path):
        start, end = match.span("dag")
        request.path = request.path[:start] + name(match["dag"]) + request.path[end:]
    if _DAGS_IN_QUERY.match(request.path):
        _change_query(request, {"dag_id": name})
    if _ASSETS_IN_QUERY.match(request.path):
        _change_query(request, dict.fromkeys(_NAMES, name) | dict.fromkeys(_URIS, uri))
    if request.body:
        request.body = _changed_success(request.body, name, uri)


def _change_query(request: Request, changes: dict[str, Callable[[str], str]]) -> None:
    request.query = {
        key: [changes[key](value) for value in values] if key in changes else values
        for key, values in request.query.items()
    }


def _changed_success(body: bytes, name: Callable[[str], str], uri: Callable[[str], str]) -> bytes:
    """A task's success, whose outlets and events are assets of its kitchen."""
    payload = json.loads(body)
    changed = False
    for about in _assets_of(payload):
        for key, change in (("name", name), ("uri", uri), ("source_alias_name", name)):
            if isinstance(value := about.get(key), str) and (new := change(value)) != value:
                about[key] = new
                changed = True
    return json.dumps(payload).encode() if changed else body


def _assets_of(payload: Any) -> Iterator[dict[str, Any]]:
    yield from payload.get("task_outlets") or ()
    for event in payload.get("outlet_events") or ():
        yield event
        if key := event.get("dest_asset_key"):
            yield key


def _namespace(name: str) -> str | None:
    """The kitchen that a DAG id, asset, alias or URI seems to belong to."""
    if name.startswith(f"{names.PLATFORM}://"):
        return unquote(urlsplit(name).netloc)
    return names.kitchen_of_dag(name)

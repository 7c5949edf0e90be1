"""What a kitchen's task may ask of Airflow's execution API: its own kitchen's things.

Stock Airflow lets any task read and overwrite any DAG's XComs, trigger and clear its runs, write
variables and raise asset events. Here a kitchen's task is held to its kitchen; every route has a
rule, and a route without one (a newer Airflow's) is refused. Runs and XComs of a kitchen that its
environment declares as readable can be looked at, by the environment's others; a run started there
would act with that kitchen's rights for somebody who is not on its staff, so nothing is.

The token is read without checking its signature. That is enough to refuse: a forged one is
refused by Airflow itself right after, so no request gets further than with the true one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from airflow_dataops.domain import triggers
from airflow_dataops.secrets.own_names import put_into_kitchen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.domain.identity import KitchenTask

_READING = {"GET", "HEAD"}
_HEALTH = re.compile(r"/health(/.*)?\Z")
_STATE = re.compile(r"/task-instances/[0-9a-f-]{36}/state\Z")
_OWN_TASK = re.compile(
    r"/(task-instances|hitlDetails|task-reschedules|store/ti)/(?P<task>[0-9a-f-]{36})(/.*)?\Z"
)


@dataclass(slots=True, kw_only=True)
class Request:
    """A request to the execution API, as far as the rules look at it.

    Its names are put into the kitchen of the task that asks; what then differs from what came is
    what Airflow gets.
    """

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    authorization: str | None = field(default=None, repr=False)
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any], path: str) -> Request:
        """Take what the rules need from an ASGI scope; ``path`` is below ``/execution``."""
        headers = [value for name, value in scope["headers"] if name == b"authorization"]
        return cls(
            method=scope["method"],
            path=path,
            query=parse_qs(
                scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True
            ),
            authorization=headers[0].decode("latin-1") if headers else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetNames:
    """Assets and aliases that a request speaks of, by name or URI."""

    assets: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OthersDags:
    """DAGs of other kitchens that a request looks at, and changes nothing of.

    Attributes:
        reason: to refuse it, unless the environment lets these kitchens be read.
    """

    dag_ids: tuple[str, ...]
    reason: str


def reads_body(request: Request) -> bool:
    """Whether the rules look into the body: asset events come with a task's success."""
    return request.method == "PATCH" and bool(_STATE.match(request.path))


def ended_try(request: Request) -> str | None:
    """Id of the task instance whose try ends if Airflow grants this request."""
    match = _OWN_TASK.match(request.path)
    return match["task"] if match and reads_body(request) else None


async def refusal(request: Request) -> str | None:
    """Why a request is refused; None where Airflow may serve it, as it stands then.

    The names in a request of a kitchen's task are put into its kitchen first.
    """
    if request.authorization is None or _HEALTH.match(request.path):
        return None  # Airflow answers 401 itself
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(_refusal, request)


def objection(
    request: Request, task: KitchenTask, task_instance: str
) -> str | AssetNames | OthersDags | None:
    """The rule about one request of a kitchen's task.

    Returns:
        A reason to refuse; or the assets or the others' DAGs that decide; or None where it may
        pass.
    """
    for path, rule in _RULES:
        if match := path.match(request.path):
            return rule(request, match, task, task_instance)
    return "no kitchen's task may call this"


def _refusal(request: Request) -> str | None:
    from airflow_dataops import bootstrap
    from airflow_dataops.errors import DataOpsError

    task_instance = _claimed_task_instance(str(request.authorization))
    if task_instance is None:
        return None  # not a token that Airflow's own check lets pass
    try:
        task = bootstrap.identify(task_instance)
        if task is None:
            return None
        put_into_kitchen(request, task, bootstrap.living_kitchens)
        found = objection(request, task, task_instance)
        if isinstance(found, AssetNames):
            found = _objection_to_assets(found, task)
        elif isinstance(found, OthersDags):
            found = _objection_to_reading(found, task)
    except DataOpsError as error:
        # Its credentials are refused as well; let it end, report and be seen. Any other error
        # goes on to Airflow's: it answers 500, which a worker tries again.
        return None if _is_about_itself(request, task_instance) else str(error)
    if found:
        return f"{task.dag_id} is refused {request.method} {request.path}: {found}"
    return None


def _is_about_itself(request: Request, task_instance: str) -> bool:
    match = _OWN_TASK.match(request.path)
    if match is None or match["task"] != task_instance:
        return False
    if not reads_body(request):
        return True
    if _objection_to_deferral(request.body, task_instance):
        return False
    return _assets_of_success(request.body) is None


def _claimed_task_instance(authorization: str) -> str | None:
    import jwt

    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        claims = jwt.decode(token.strip(), options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    subject = claims.get("sub")
    return str(subject) if subject else None


def _is_own_task(
    request: Request, match: re.Match[str], _task: KitchenTask, task_instance: str
) -> str | AssetNames | None:
    if match["task"] != task_instance:
        return "it is about another task"
    if not reads_body(request):
        return None
    return _objection_to_deferral(request.body, task_instance) or _assets_of_success(request.body)


def _asks_for_own_dags(
    request: Request, _match: re.Match[str], task: KitchenTask, _task_instance: str
) -> str | OthersDags | None:
    return _objection_to_dags(request.query.get("dag_id", []), task, request.method)


def _names_own_dag(
    request: Request, match: re.Match[str], task: KitchenTask, _task_instance: str
) -> str | OthersDags | None:
    return _objection_to_dags([match["dag"]], task, request.method)


def _reads(
    request: Request, _match: re.Match[str], _task: KitchenTask, _task_instance: str
) -> str | None:
    # The secrets backend decides what is read; what is written goes past it into Airflow's tables.
    return None if request.method == "GET" else "kitchens' tasks may not write variables"


def _asks_for_assets(
    request: Request, _match: re.Match[str], _task: KitchenTask, _task_instance: str
) -> str | AssetNames:
    return _assets_of_query(request.query)


# The first that matches decides, so what is narrower stands higher.
_RULES: tuple[tuple[re.Pattern[str], Callable[..., str | AssetNames | OthersDags | None]], ...] = (
    (_OWN_TASK, _is_own_task),
    (re.compile(r"/task-instances/(count|states|breadcrumbs)\Z"), _asks_for_own_dags),
    (re.compile(r"/task-instances/previous/(?P<dag>[^/]+)/[^/]+\Z"), _names_own_dag),
    (re.compile(r"/dag-runs/(count|previous)\Z"), _asks_for_own_dags),
    (re.compile(r"/(xcoms|dag-runs|dags)/(?P<dag>[^/]+)(/.*)?\Z"), _names_own_dag),
    (re.compile(r"/(connections|variables)/(?!keys\Z).+\Z"), _reads),
    (re.compile(r"/(assets|asset-events|store/asset)/.+\Z"), _asks_for_assets),
)


def _objection_to_dags(
    dag_ids: Sequence[str], task: KitchenTask, method: str
) -> str | OthersDags | None:
    others = tuple(dag_id for dag_id in dag_ids if not task.owns_dag(dag_id))
    if not others:
        return None if dag_ids else "it names no pipeline"
    reason = f"{others[0]} is not a pipeline of {_owner(task)}"
    if method in _READING and not task.is_platforms:
        return OthersDags(dag_ids=others, reason=reason)
    return reason


def _objection_to_reading(found: OthersDags, task: KitchenTask) -> str | None:
    from airflow_dataops import bootstrap
    from airflow_dataops.domain import names

    kitchens = {names.kitchen_of_dag(dag_id) or "" for dag_id in found.dag_ids}
    readable = bootstrap.readable_kitchens(kitchens, environment=task.environment)
    return None if kitchens == readable else found.reason


def _objection_to_deferral(body: bytes, task_instance: str) -> str | None:
    payload = json.loads(body or b"{}")
    if payload.get("state") != "deferred":
        return None
    classpath, arguments = payload.get("classpath"), payload.get("trigger_kwargs")
    if objection := triggers.objection(classpath, arguments, task_instance):
        return objection
    if payload.get("queue") is not None:
        return "kitchens' triggers have no queue of their own; set deferrable=False"
    return None


def _assets_of_success(body: bytes) -> AssetNames | None:
    payload = json.loads(body or b"{}")
    assets: set[str] = set()
    aliases: set[str] = set()
    for outlet in payload.get("task_outlets") or []:
        known = aliases if outlet.get("type") == "AssetAlias" else assets
        known.update(filter(None, (outlet.get("name"), outlet.get("uri"))))
    for event in payload.get("outlet_events") or []:
        key = event.get("dest_asset_key") or event
        assets.update(filter(None, (key.get("name"), key.get("uri"))))
        aliases.update(filter(None, (event.get("source_alias_name"),)))
    if not assets and not aliases:
        return None
    return AssetNames(assets=tuple(sorted(assets)), aliases=tuple(sorted(aliases)))


def _assets_of_query(query: Mapping[str, Sequence[str]]) -> AssetNames | str:
    assets = [*query.get("name", []), *query.get("uri", [])]
    aliases = [*query.get("alias_name", [])]
    if not assets and not aliases:
        return "it names no asset"
    # "name" means an alias on some of these routes: hold both readings against the rule.
    return AssetNames(assets=tuple(assets), aliases=(*aliases, *query.get("name", [])))


def _objection_to_assets(found: AssetNames, task: KitchenTask) -> str | None:
    from airflow_dataops import bootstrap

    # What bears the kitchen's own name is its own, whoever else declares it: else a stranger's
    # file could stop a kitchen's tasks by naming their assets.
    assets = [name for name in found.assets if not task.owns_asset(name)]
    aliases = [name for name in found.aliases if not task.owns_alias(name)]
    if not assets and not aliases:
        return None
    users = bootstrap.dags_of_assets(assets=assets, aliases=aliases)
    strangers = sorted(dag_id for dag_id in users if not task.owns_dag(dag_id))
    if not strangers:
        return None
    named = ", ".join(sorted({*assets, *aliases}))
    return f"asset {named} is used by {strangers[0]}, which is not of {_owner(task)}"


def _owner(task: KitchenTask) -> str:
    if task.is_platforms:
        return f"the platform of environment {task.environment}"
    return f"kitchen {task.kitchen}"

"""Rules of an environments file that look at several places at once.

They read the raw content, so that they can speak although other parts are wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_dataops.domain.release_environment import DEFAULT_POOL

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from airflow_dataops.errors import SpecError
    from airflow_dataops.specs.marked_yaml import MarkedYaml, Place


def complaints_across(marked: MarkedYaml) -> list[SpecError]:
    """Every complaint about how the parts of a file go together."""
    environments = list(_environments(marked.content))
    return [
        *(complaint for found in environments for complaint in _login(found, marked)),
        *(complaint for found in environments for complaint in _dynamic_tools(found, marked)),
        *(complaint for found in environments for complaint in _owner(found, marked)),
        *(complaint for found in environments for complaint in _chained_pools(found, marked)),
        *(complaint for found in environments for complaint in _merges(found, marked)),
        *_repository_logins(marked),
        *_provision_queues(environments, marked),
        *_taken_twice([claim for found in environments for claim in _claims(found)], marked),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Environment:
    name: str
    repository: object
    place: Place
    content: Mapping[str, object]

    def part(self, key: str) -> Mapping[str, object]:
        return _mapping(self.content.get(key))

    def claim(self, value: Hashable, words: str, reason: str, *below: str) -> _Claim:
        return _Claim(
            value=value, words=words, reason=reason, owner=self, place=(*self.place, *below)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """Something that one environment alone may have.

    Attributes:
        value: equal for claims on the same thing.
        words: the thing, for a message.
        reason: why it cannot be shared, and what to do.
    """

    value: Hashable
    words: str
    reason: str
    owner: _Environment
    place: Place


def _environments(content: object) -> Iterator[_Environment]:
    for project_name, project in _mapping(_mapping(content).get("projects")).items():
        above = ("projects", project_name, "environments")
        for name, environment in _mapping(_mapping(project).get("environments")).items():
            yield _Environment(
                name=name,
                repository=_mapping(project).get("repository"),
                place=(*above, name),
                content=_mapping(environment),
            )


def _login(environment: _Environment, marked: MarkedYaml) -> Iterator[SpecError]:
    vault = environment.part("vault")
    for half in ("role_id", "secret_id") if vault else ():
        keys = [f"{half}_env", f"{half}_file"]
        given = [key for key in keys if vault.get(key) is not None]
        if len(given) == 1 or half in vault:  # an inline value has its own complaint
            continue
        path = ".".join(str(part) for part in (*environment.place, "vault"))
        if given:
            problem = f"{path} has both {keys[0]!r} and {keys[1]!r}; keep one of them"
        else:
            problem = (
                f"{path} does not say where the {half} is; name an environment variable with "
                f"{keys[0]!r} or a file with {keys[1]!r}"
            )
        yield marked.complaint(problem, (*environment.place, "vault", *given[1:]))


def _dynamic_tools(environment: _Environment, marked: MarkedYaml) -> Iterator[SpecError]:
    has_engine = environment.part("vault").get("database_mount") is not None
    for tool, content in environment.part("tools").items():
        if _mapping(content).get("dynamic") is not True:
            continue
        path = ".".join(str(part) for part in (*environment.place, "tools", tool))
        if not has_engine:
            problem = (
                f"{path} is dynamic, and the vault has no 'database_mount'; name the mount of "
                "the database engine that issues its logins"
            )
            yield marked.complaint(problem, (*environment.place, "tools", tool))
        if _mapping(content).get("schema_per_kitchen") is not True:
            problem = (
                f"{path} is dynamic, and its logins are made for a kitchen's own schema; add "
                "schema_per_kitchen: true"
            )
            yield marked.complaint(problem, (*environment.place, "tools", tool))


def _merges(environment: _Environment, marked: MarkedYaml) -> Iterator[SpecError]:
    path = ".".join(str(part) for part in environment.place)
    is_proposed = environment.content.get("merge_by") == "pull_request"
    has_place = environment.content.get("pull_requests") is not None
    if is_proposed and not has_place:
        problem = (
            f"{path} merges by pull_request and does not say where; add pull_requests: "
            "{host: github, repository: acme/pipelines}"
        )
        yield marked.complaint(problem, (*environment.place, "merge_by"))
    if has_place and not is_proposed:
        problem = f"{path} has pull_requests and merges by push; add merge_by: pull_request"
        yield marked.complaint(problem, (*environment.place, "pull_requests"))
    approvals = environment.content.get("approvals")
    of = _mapping(approvals).get("of", ["merge"])
    if is_proposed and approvals is not None and isinstance(of, list) and "merge" in of:
        problem = (
            f"{path} merges by pull_request, whose host knows approvals of its own; write "
            "approvals: {of: [schedule], …}"
        )
        yield marked.complaint(problem, (*environment.place, "approvals"))


def _repository_logins(marked: MarkedYaml) -> Iterator[SpecError]:
    for name, project in _mapping(_mapping(marked.content).get("projects")).items():
        content = _mapping(project)
        login, repository = content.get("repository_login"), content.get("repository")
        known = _mapping(content.get("environments"))
        if not isinstance(login, str) or not isinstance(repository, str):
            continue
        path = f"projects.{name}.repository_login"
        place = ("projects", name, "repository_login")
        if login not in known:
            problem = (
                f"{path} is the environment whose vault has the login, and {login!r} is none of"
                f" this project's; name one of {', '.join(map(str, known))}"
            )
            yield marked.complaint(problem, place)
        if not _is_private(repository):
            problem = (
                f"{path} would send a token to {repository}, which is no https address; git logs"
                " in there by itself (ssh: with the keys of this host's user): leave the key out"
            )
            yield marked.complaint(problem, place)


def _is_private(repository: str) -> bool:
    """Whether what goes to an address can be read by nobody on its way."""
    try:
        parts = urlsplit(repository)
    except ValueError:
        return True  # it is no address at all, which has a complaint of its own
    is_here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    return parts.scheme == "https" or (parts.scheme == "http" and is_here)


def _owner(environment: _Environment, marked: MarkedYaml) -> Iterator[SpecError]:
    if environment.content.get("protected") is True and not environment.content.get("owner"):
        path = ".".join(str(part) for part in environment.place)
        problem = f"{path} is protected and has no owner, so nobody could change it; add an owner"
        yield marked.complaint(problem, environment.place)


def _chained_pools(environment: _Environment, marked: MarkedYaml) -> Iterator[SpecError]:
    """Airflow's name of a pool goes through the same mapping once a task is stored."""
    pools = environment.part("pools")
    for name, pool in pools.items():
        if isinstance(pool, str) and pools.get(pool, pool) != pool:
            path = ".".join(str(part) for part in (*environment.place, "pools", name))
            problem = (
                f"{path}: {pool!r} is a pool of Airflow's here and a name that DAGs use below "
                f"(pools.{pool}); give one of them another name"
            )
            yield marked.complaint(problem, (*environment.place, "pools", name))


def _provision_queues(environments: list[_Environment], marked: MarkedYaml) -> Iterator[SpecError]:
    """Whoever listens to a queue of kitchens' tasks may run kitchens' code beside its own."""
    of_kitchens = {str(e.content["queue"]): e for e in environments if e.content.get("queue")}
    for environment in environments:
        named, own = environment.content.get("provision_queue"), environment.content.get("queue")
        queue, key = (named, "provision_queue") if named else (f"{own}-provision", "queue")
        if queue in of_kitchens:
            path = ".".join(str(part) for part in (*environment.place, key))
            problem = (
                f"{path}: kitchens of {of_kitchens[str(queue)].name!r} have their tasks in queue "
                f"{queue!r}, where kitchens of {environment.name!r} would be made; name a "
                "'provision_queue' of its own, whose workers hold no kitchen's code"
            )
            yield marked.complaint(problem, (*environment.place, key))


def _taken_twice(claims: list[_Claim], marked: MarkedYaml) -> Iterator[SpecError]:
    first: dict[Hashable, _Claim] = {}
    for claim in claims:
        holder = first.setdefault(claim.value, claim)
        if holder.owner.place != claim.owner.place:
            yield marked.complaint(
                f"{claim.words} is already taken by environment {holder.owner.name!r} on line "
                f"{marked.line(holder.place)}; {claim.reason}",
                claim.place,
            )


def _claims(environment: _Environment) -> Iterator[_Claim]:
    yield environment.claim(
        ("environment", environment.name),
        f"the environment name {environment.name!r}",
        "names are unique across projects: choose another",
    )
    yield from _base_kitchen_claims(environment)
    yield from _vault_claims(environment)
    yield from _pool_claims(environment)
    for tool, content in environment.part("tools").items():
        if isinstance(bucket := _mapping(content).get("bucket"), str):
            yield environment.claim(
                ("bucket", bucket),
                f"the bucket {bucket!r}",
                "environments that share a bucket are not separated: name another bucket",
                *("tools", tool, "bucket"),
            )


def _base_kitchen_claims(environment: _Environment) -> Iterator[_Claim]:
    kitchen = environment.part("base_kitchen")
    if isinstance(name := kitchen.get("name"), str):
        yield environment.claim(
            ("kitchen", name),
            f"the kitchen name {name!r}",
            "kitchen names are unique: choose another",
            *("base_kitchen", "name"),
        )
    branch, repository = kitchen.get("branch"), environment.repository
    if isinstance(branch, str) and isinstance(repository, str):
        yield environment.claim(
            ("branch", repository, branch),
            f"the branch {branch!r}",
            "a merge into one kitchen would change the other: choose another branch",
            *("base_kitchen", "branch"),
        )


def _pool_claims(environment: _Environment) -> Iterator[_Claim]:
    own = (("pool",), environment.content.get("pool"))
    named = ((("pools", name), pool) for name, pool in environment.part("pools").items())
    for below, pool in (own, *named):
        if isinstance(pool, str) and pool != DEFAULT_POOL:
            yield environment.claim(
                ("pool", pool),
                f"Airflow's pool {pool!r}",
                "tasks of one environment would wait for those of the other: name another pool",
                *below,
            )


def _vault_claims(environment: _Environment) -> Iterator[_Claim]:
    vault = environment.part("vault")
    url, mount = vault.get("url"), vault.get("mount")
    if isinstance(url, str) and isinstance(mount, str):
        yield environment.claim(
            ("mount", _comparable(url), mount.strip("/")),
            f"the mount {mount!r} of this vault",
            "environments that share a mount are not separated: give each a mount of its own",
            *("vault", "mount"),
        )
    database_mount = vault.get("database_mount")
    if isinstance(url, str) and isinstance(database_mount, str):
        yield environment.claim(
            ("mount", _comparable(url), database_mount.strip("/")),
            f"the mount {database_mount!r} of this vault",
            "environments that share a mount are not separated: give each a mount of its own",
            *("vault", "database_mount"),
        )
    for key in ("role_id_env", "role_id_file", "secret_id_env", "secret_id_file"):
        if isinstance(source := vault.get(key), str):
            yield environment.claim(
                (key.removesuffix("_env").removesuffix("_file"), source),
                f"the login that {key} names",
                "a login opens one environment only: create an AppRole for each",
                *("vault", key),
            )


def _comparable(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # is complained about where the address is checked by itself
        return url
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path.rstrip('/')}"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}

"""How a repository's objects are asked for: many at once, and as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO, cast

import git

from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def attempt(
    command: git.Git,
    *words: str,
    stream: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    patience_seconds: float | None = None,
) -> tuple[int, bytes, str]:
    """Exit status, output and complaint of a git command.

    Args:
        command: where it runs.
        words: what follows ``git``.
        stream: its standard input.
        env: beside the environment that ``command`` has.
        patience_seconds: how long it may take; default: for ever.

    Raises:
        OutsideSystemError: there is no git, or this host cannot start it now.
    """
    try:
        done = command.execute(
            ["git", *words],
            istream=cast("BinaryIO | None", stream),
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            env=env,
            kill_after_timeout=patience_seconds,
        )
    except git.GitCommandNotFound as error:
        message = "there is no git command on this host; install git 2.38 or newer"
        raise OutsideSystemError(message) from error
    except OSError as error:
        message = f"this host cannot start git: {error.strerror or error}; ask again later"
        raise OutsideSystemError(message) from error
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A content that a repository has, as ``git cat-file --batch`` gives it."""

    id: str
    kind: str
    content: bytes


def answers_of(answer: bytes, names: Sequence[str]) -> Iterator[Blob | None]:
    """What ``cat-file --batch`` found of some names, in their order."""
    at = 0
    for name in names:
        # A name may hold what else ends a line.
        missing = encoded(f"{name} missing\n")
        if answer.startswith(missing, at):
            at += len(missing)
            yield None
            continue
        end = answer.index(b"\n", at)
        id_, kind, size = answer[at:end].split(b" ")
        at = end + 1 + int(size)
        yield Blob(id=id_.decode(), kind=kind.decode(), content=answer[end + 1 : at])
        at += 1


def encoded(text: str) -> bytes:
    """Text as git takes it: a path that is no UTF-8 becomes its own bytes again."""
    return text.encode("utf-8", "surrogateescape")


def quoted_path(path: str) -> str:
    """A folder in a list of folders of objects."""
    # A list of paths: what separates them, and quotes, are written as in C.
    if not any(sign in path for sign in ':"\\\n'):
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'

"""How a repository's objects are asked for: many at once, and as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO, cast

import git

from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EMPTY_TREE = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


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
        OutsideSystemError: there is no git.
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
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A content that a repository has, as ``git cat-file --batch`` gives it."""

    kind: str
    content: bytes


def answers_of(answer: bytes) -> Iterator[Blob | None]:
    """What ``cat-file --batch`` found, in the order of what it was asked."""
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        words = answer[at:end].split(b" ")
        at = end + 1
        if words[-1] == b"missing" or not words[-1].isdigit():
            yield None
            continue
        size = int(words[-1])
        yield Blob(kind=words[-2].decode(), content=answer[at : at + size])
        at += size + 1


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

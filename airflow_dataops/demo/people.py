"""Commands that the story's people give, each with a login of their own."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from airflow_dataops.demo.airflow_processes import PersonsCommand
from airflow_dataops.demo.runs import AirflowApi

if TYPE_CHECKING:
    from airflow_dataops.demo.cast import Cast


def command(cast: Cast, person: str, *words: str, is_refused: bool = False) -> PersonsCommand:
    """What somebody is to say after ``airflow dataops``.

    Args:
        cast: of the story.
        person: who gives it.
        words: the command.
        is_refused: whether it is to be refused.
    """
    login = AirflowApi(cast.airflow.url, user=person, password=cast.airflow.password(person))
    with closing(login):
        return PersonsCommand(
            by=person, token=login.token, words=("dataops", *words), is_refused=is_refused
        )


def give(cast: Cast, *commands: PersonsCommand) -> None:
    """Have commands done one after the other, and tell what they print.

    Raises:
        OutsideSystemError: one failed, or was to be refused and was not.
    """
    cast.airflow.run_as(commands, lambda line: cast.say(f"  {line}"))

"""Operators and functions that a ``pipeline.yaml`` names by their import paths."""

from __future__ import annotations

import inspect
import traceback
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator

from airflow_dataops.domain.kitchen_at_parse import PIPELINES
from airflow_dataops.specs import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ASSETS = ("inlets", "outlets")
_NAMES_THINGS = (*_ASSETS, "_callable", "_callback")


class NotUsable(Exception):
    """Something that a pipeline names cannot be used; says why, and what to do.

    Attributes:
        parameter: the parameter that is to blame, None for the operator itself.
    """

    def __init__(self, message: str, *, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class Named:
    """What import paths stand for in one pipeline.

    Args:
        code: the branch's folder.
        pipeline: the pipeline's folder, whose own modules are looked for first.
    """

    def __init__(self, code: Path, pipeline: str) -> None:
        self._code = code
        self._pipeline = pipeline
        self._folder = code / PIPELINES / pipeline
        self._functions: dict[str, Callable[..., Any]] = {}

    def operator(self, path: str) -> type[BaseOperator]:
        """The operator class of an import path.

        Raises:
            NotUsable: there is none, or it is something else.
        """
        found = self._imported(path)
        if not (inspect.isclass(found) and issubclass(found, BaseOperator)):
            message = f"{path} is no operator; name a class that is one"
            raise NotUsable(message)
        return found

    def function(self, path: str) -> Callable[..., Any]:
        """The function of an import path; a module beside the pipeline goes first.

        Raises:
            NotUsable: there is none.
        """
        if path in self._functions:
            return self._functions[path]
        self._functions[path] = found = self._function(path)
        return found

    def _function(self, path: str) -> Callable[..., Any]:
        first, dot, _ = path.partition(".")
        if not dot:
            message = (
                f"{path!r} names no function; write module.function, for example tasks.{path} for "
                "one in tasks.py beside the pipeline"
            )
            raise NotUsable(message)
        if (self._folder / f"{first}.py").is_file() or (self._folder / first).is_dir():
            path = f"{PIPELINES}.{self._pipeline}.{path}"
        found = self._imported(path)
        if not callable(found):
            message = f"{path} is no function but a {type(found).__name__}"
            raise NotUsable(message)
        function: Callable[..., Any] = found
        return function

    def parameters(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters whose functions and assets are such, not their names.

        Raises:
            NotUsable: one of them cannot be found.
        """
        return {
            name: self._parameter(name, value) if name.endswith(_NAMES_THINGS) else value
            for name, value in written.items()
        }

    def _parameter(self, name: str, value: object) -> object:
        if name in _ASSETS:
            several = value if isinstance(value, list) else [value]
            return [Asset(item) if isinstance(item, str) else item for item in several]
        try:
            if isinstance(value, str):
                return self.function(value)
            if isinstance(value, list):
                return [self.function(item) if isinstance(item, str) else item for item in value]
        except NotUsable as error:
            message = f"{name}: {error}"
            raise NotUsable(message, parameter=name) from error
        return value

    def _imported(self, path: str) -> Any:
        module_name, _, name = path.rpartition(".")
        try:
            module = import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name and f"{module_name}.".startswith(f"{error.name}."):
                raise NotUsable(_no_module(error.name)) from error
            raise NotUsable(self._cannot_be_imported(module_name, error)) from error
        except Exception as error:
            raise NotUsable(self._cannot_be_imported(module_name, error)) from error
        try:
            return getattr(module, name)
        except AttributeError as error:
            public = [known for known in dir(module) if not known.startswith("_")]
            message = f"{module_name} has no {name!r}{wording.did_you_mean(name, public)}"
            raise NotUsable(message) from error

    def _cannot_be_imported(self, module: str, error: Exception) -> str:
        """Why, with the line of the branch's own code where it went wrong."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).is_relative_to(self._code)]
        where = (
            f" ({Path(own[-1].filename).relative_to(self._code)}:{own[-1].lineno})" if own else ""
        )
        return f"{module} cannot be imported{where}: {type(error).__name__}: {error}"


def created(operator: type[BaseOperator], name: str, parameters: Mapping[str, Any]) -> BaseOperator:
    """A task of an operator.

    Raises:
        NotUsable: the operator does not take these parameters.
    """
    try:
        return operator(task_id=name, **parameters)
    except Exception as error:
        known = _parameters_of(operator)
        for parameter in parameters:
            if parameter not in known:
                hint = wording.did_you_mean(parameter, known)
                message = f"{operator.__name__} takes no {parameter!r}{hint}"
                raise NotUsable(message, parameter=parameter) from error
        message = f"{operator.__name__} does not take this: {error}"
        raise NotUsable(message) from error


def _parameters_of(operator: type[BaseOperator]) -> set[str]:
    return {
        name
        for base in operator.__mro__
        if "__init__" in vars(base)
        for name in inspect.signature(vars(base)["__init__"]).parameters
    } - {"self", "args", "kwargs"}


def _no_module(name: str) -> str:
    import pkgutil

    parent, _, last = name.rpartition(".")
    if parent == "airflow.providers":
        hint = f"; install its provider, apache-airflow-providers-{last.replace('_', '-')}"
    else:
        places = getattr(import_module(parent), "__path__", ()) if parent else ()
        hint = wording.did_you_mean(last, [found.name for found in pkgutil.iter_modules(places)])
    return f"there is no module {name}{hint or '; correct its name, or put it on the branch'}"

"""``${orders.key}`` in a parameter: what the file says about one of its tables and files."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from airflow_dataops.specs import wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.data_assets import File, Table

_WHOLE = re.compile(r"\$\{([a-z][a-z0-9_]*)\}\Z")
# No shell has such names, so this is nobody else's: ${HOME} is the shell's.
_PART = re.compile(r"\$\{([a-z][a-z0-9_]*)\.([a-z_]+)\}")


def asset_named(name: object, assets: Mapping[str, Table | File]) -> Table | File:
    """The table or file of a name.

    Raises:
        ValueError: the file declares none, and what it declares.
    """
    if isinstance(name, str) and name in assets:
        return assets[name]
    hint = wording.did_you_mean(str(name), assets) or f"; declared: {', '.join(assets) or 'none'}"
    message = f"no table or file is named {name!r}{hint}"
    raise ValueError(message)


def asset_of_kind(name: object, kind: str, assets: Mapping[str, Table | File]) -> Table | File:
    """The table or the file of a name, whichever is wanted; ``${name}`` means the same.

    Raises:
        ValueError: the file declares none, or one of the other kind.
    """
    whole = _WHOLE.match(name) if isinstance(name, str) else None
    found = asset_named(whole[1] if whole else name, assets)
    if type(found).__name__.lower() != kind:
        message = f"{name!r} is no {kind} but a {type(found).__name__.lower()}"
        raise ValueError(message)
    return found


def with_references(value: object, assets: Mapping[str, Table | File]) -> object:
    """A parameter with its references replaced, however deep they stand in it.

    Raises:
        ValueError: a reference to something that is not there, and what is.
    """
    if isinstance(value, str):
        return _text(value, assets) if "${" in value else value
    if isinstance(value, dict):
        return {key: with_references(item, assets) for key, item in value.items()}
    if isinstance(value, list):
        return [with_references(item, assets) for item in value]
    return value


def _text(text: str, assets: Mapping[str, Table | File]) -> object:
    if (whole := _WHOLE.match(text)) and whole[1] in assets:
        return assets[whole[1]]

    def said(found: re.Match[str]) -> str:
        name, attribute = found.groups()
        if name in assets:
            return _attribute(name, assets[name], attribute)
        if close := wording.did_you_mean(name, assets):
            message = f"{found[0]} names nothing of this file{close}"
            raise ValueError(message)
        return found[0]

    return _PART.sub(said, text)


def _attribute(name: str, asset: Table | File, attribute: str) -> str:
    known = [field.name for field in fields(asset)]
    value = getattr(asset, attribute) if attribute in known else None
    if value is None:
        there = ", ".join(known)
        message = f"${{{name}.{attribute}}} says nothing: {name} has {there}, as far as declared"
        raise ValueError(message)
    return str(value)

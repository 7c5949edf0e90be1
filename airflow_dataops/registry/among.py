"""Hundreds of texts as one parameter of a statement instead of hundreds.

SQLAlchemy's ``in_`` has a parameter for each value: naming, writing and reading those of a page
with 500 kitchens takes longer than what the database does with them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, ColumnElement, Text, bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Dialect, FromClause
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine


def among(text: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column or an expression has one of these values."""
    return _Among(text, bindparam("among", list(values), type_=_Texts, unique=True))


def each_of(values: Iterable[str], dialect: Dialect) -> FromClause:
    """Rows of these values, in a column ``value``."""
    given = bindparam("each", list(values), type_=_Texts, unique=True)
    if dialect.name == "postgresql":
        return func.unnest(given).table_valued("value").render_derived()
    return func.json_each(given).table_valued("value")


class _Texts(TypeDecorator[Any]):
    """A list of texts as one value."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_array = dialect.name == "postgresql"
        return dialect.type_descriptor(ARRAY(Text()) if is_array else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else json.dumps(value)


class _Among(FunctionElement[bool]):
    name = "among"
    type = Boolean()
    inherit_cache = True


@compiles(_Among)
def _as_json(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    text, values = (compiler.process(part, **how) for part in element.clauses)
    return f"({text}) IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled parts


@compiles(_Among, "postgresql")
def _as_array(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    text, values = (compiler.process(part, **how) for part in element.clauses)
    return f"({text}) = ANY ({values})"

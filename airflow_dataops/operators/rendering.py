"""Templates inside of tables, files and data tests.

Airflow renders template fields in place. Domain objects are frozen, so each is replaced by a new
one; the rendered ones show on the task's page like any other template field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from collections.abc import Callable

    import jinja2
    from airflow.sdk import Context


@runtime_checkable
class HoldsTemplates(Protocol):
    """A domain object whose texts may hold templates."""

    def rendered(self, render: Callable[[str], str]) -> object:
        """The same object with its templates rendered."""


class RendersDomainObjects(BaseOperator):
    """An operator whose template fields may be domain objects."""

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a template field: a text, a domain object, or a collection of these."""
        if not isinstance(content, HoldsTemplates):
            return super().render_template(content, context, jinja_env, seen_oids)
        env = jinja_env or self.get_template_env()

        def render(text: str) -> str:
            # A DAG that renders to native objects would turn the date 20170102 into a number.
            return str(super(RendersDomainObjects, self).render_template(text, context, env))

        return content.rendered(render)

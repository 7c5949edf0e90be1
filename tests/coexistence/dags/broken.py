"""A file of Airflow DAGs that cannot be imported."""

from no_such_library import nothing  # type: ignore[import-not-found]  # noqa: F401

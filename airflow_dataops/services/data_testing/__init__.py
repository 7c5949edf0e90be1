"""Data tests of a stage: measure in few scans, judge, and let no test hide another's verdict."""

from __future__ import annotations

from airflow_dataops.services.data_testing.profiling import profile
from airflow_dataops.services.data_testing.running import Places, run_tests

__all__ = ["Places", "profile", "run_tests"]

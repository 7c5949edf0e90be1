"""Airflow's connection types that mean a Redshift warehouse."""

from __future__ import annotations

REDSHIFT = "redshift"
# What the tasks of a stage that publishes get instead: its hook begins in the pending schema.
KITCHEN_REDSHIFT = "kitchen_redshift"
REDSHIFT_TYPES = (REDSHIFT, KITCHEN_REDSHIFT)
# Where sessions begin; an extra of KITCHEN_REDSHIFT that Redshift's own hook refuses.
SEARCH_PATH = "search_path"

"""Alembic migrations of our tables, with a version table of their own."""

"""A whole installation on one machine, from Python wheels alone: for trying, and for tests."""

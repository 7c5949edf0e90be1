"""Notifiers for callbacks: messages of authors to a kitchen's people."""

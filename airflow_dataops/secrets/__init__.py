"""Credentials by identity: the secrets backend and the middleware that knows who asks."""

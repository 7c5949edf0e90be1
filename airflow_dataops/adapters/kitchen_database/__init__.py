"""A kitchen's role, logins and schema in PostgreSQL, 14 or newer.

The login that makes them needs CREATEROLE and, with grant option, CONNECT, TEMPORARY and CREATE
on the database; it is no superuser, and takes on a kitchen's role only while it works there.

The role's comment says whose it is. The role itself may not change that, so nothing that a
kitchen does makes its own schema look like somebody else's, or the other way round.
"""

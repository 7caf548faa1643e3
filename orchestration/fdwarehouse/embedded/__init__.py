"""The two PostgreSQL servers that come with the package, for demos, development and tests.

Imports only `errors` of the package.
"""

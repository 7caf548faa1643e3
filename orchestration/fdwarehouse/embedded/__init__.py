"""The two PostgreSQL servers that come with the package, for demos, development and tests.

Imports nothing of the package but `errors`.
"""

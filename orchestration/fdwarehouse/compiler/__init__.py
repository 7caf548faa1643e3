"""Compiles a SELECT to the SQL that keeps its table up to date: pure functions, no database.

`algebra` turns SQL into a tree and back, `deltas` finds which rows of a SELECT change with the rows
that it reads, `tables` writes what is deployed. The entry point is `tables.plan`.
Imports `project`.
"""

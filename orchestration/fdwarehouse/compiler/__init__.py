"""From a SELECT to the SQL that keeps its table up to date: pure functions, no database.

`algebra` turns SQL into a tree and back, `deltas` says which rows of a SELECT change with the rows
that it reads, `tables` turns both into what is deployed. The entry is `tables.plan`.
Imports `project`.
"""

"""Which rows of a SELECT change with the rows that it reads, and how to compute only those.

`joins`, `shape` and `reach` look at a block, `arms` and `delta` find the affected keys, `restrict`
computes the rows that have them, `counting` keeps groups by adding up. Imports `algebra`.
"""

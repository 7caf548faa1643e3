"""Finds which rows of a SELECT change with the rows that it reads, and computes only those.

`joins`, `shape` and `reach` analyse a block, `arms` and `delta` find the affected keys, `restrict`
computes the rows that have them, `counting` maintains groups by adding deltas. Imports `algebra`.
"""

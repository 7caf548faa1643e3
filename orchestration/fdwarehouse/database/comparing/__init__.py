"""Compares rows of tables: before and after a deploy, in one environment and another.

Nothing here commits.
"""

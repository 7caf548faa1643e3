"""Renders a project into the files that a deploy executes, in order: templates in, SQL out.

Pure functions; the SQL itself is in `mechanics/`. Imports `project` and `compiler`.
"""

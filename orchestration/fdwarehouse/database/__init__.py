"""Everything that talks to a database: connect, deploy, inspect, run, backfill, report.

Nothing here prints; what a person sees is in `terminal`. Imports `rendering` and `embedded`.
"""

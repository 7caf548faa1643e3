"""Settings of PostgreSQL that decide what a statement means or computes, the same in all sessions.

Callers of a procedure have their own settings, by ALTER ROLE, PGOPTIONS or SET. Those of context
`user` that can change which rows or names are found are pinned: in every transaction of the
mechanics, in every deploy, in every session of the command.
https://www.postgresql.org/docs/18/runtime-config-client.html
"""

from collections.abc import Mapping

PINS: Mapping[str, str] = {
    # How names are found. pg_temp is last: by default it is searched first for tables and types.
    "search_path": "pg_catalog, pg_temp",
    "restrict_nonsystem_relation_kind": "",
    # How values are read and written as text, also by casts.
    "TimeZone": "UTC",
    "timezone_abbreviations": "Default",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "xmloption": "content",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "array_nulls": "on",
    "quote_all_identifiers": "off",
    "default_text_search_config": "pg_catalog.simple",
    # How expressions are read.
    "transform_null_equals": "off",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    # Which rows are found.
    "row_security": "on",
    "gin_fuzzy_search_limit": "0",
}

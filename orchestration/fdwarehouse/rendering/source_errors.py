"""Errors of a source, or of libpq, when it cannot be read, and the hints for them.

The list serves both `fdwarehouse contract`, before anything is deployed, and the deployed SQL.
``X_URL`` stands for the variable with the source's connection string.
"""

from __future__ import annotations

import re

ROW_SECURITY = (
    "Every row is needed: a row that the reader may not see would count as deleted, so row "
    "security is an error, whatever its policies are. As an administrator there: ALTER ROLE "
    "warehouse_reader BYPASSRLS. Or, to load only some rows, name in warehouse.yaml a view of the "
    "table's owner that selects them, with mode: snapshot."
)
RIGHTS = (
    "`fdwarehouse bootstrap --side production` grants the privileges; `fdwarehouse contract` shows "
    "what its reader sees."
)
ENCODING = (
    "Its bytes are not valid in the encoding of production's database. Repair them "
    "there: UPDATE ... SET c = convert_from(decode(replace(c, '\\', '\\\\'), 'escape'), 'LATIN1')."
)
LOCK = (
    "A session holds a lock on it, here or in production: see pg_locks. timeouts.lock in "
    "warehouse.yaml limits the wait."
)
_NO_TLS_HERE = (
    "The warehouse's server does not support TLS, nor does the embedded one: use a PostgreSQL "
    "with TLS as the warehouse, or remove sslmode from X_URL if TLS is not required."
)
_NO_TLS_THERE = "The source does not support TLS, but X_URL requires it: change its sslmode."
_TLS_ALONE = (
    "The source requires TLS: write sslmode=require in X_URL. The warehouse's server must support "
    "TLS too, which the embedded one does not."
)
_POOLER = (
    "The pooler does not forward `options`: set `ignore_startup_parameters = options, "
    "extra_float_digits` in pgbouncer.ini, and run `fdwarehouse bootstrap --side production`, "
    "which sets the same for the reader."
)
_UNKNOWN_SETTING = (
    "The source is older than its contract says, or `options` in X_URL has a setting that it does "
    "not know. Run `fdwarehouse contract`."
)
_LOGIN = "Check the password in X_URL. `fdwarehouse bootstrap --side production` sets it."
OF_CONNECTIONS = (
    ("SSL support is not compiled in", _NO_TLS_HERE),
    ("server does not support SSL", _NO_TLS_THERE),
    ("no pg_hba.conf entry.*(no encryption|SSL off)", _TLS_ALONE),
    ("unsupported startup parameter", _POOLER),
    ("unrecognized configuration parameter", _UNKNOWN_SETTING),
    ("(password authentication failed|role .* does not exist|not permitted to log in)", _LOGIN),
)
# As the templates see them.
HINTS = {
    "row_security": ROW_SECURITY,
    "rights": RIGHTS,
    "encoding": ENCODING,
    "lock": LOCK,
    "of_connections": OF_CONNECTIONS,
}


def way_out(said: str, variable: str) -> str | None:
    """Return the hint for an error, None for an unknown error.

    Args:
        said: message and detail.
        variable: the variable with the connection string.
    """
    for pattern, hint in OF_CONNECTIONS:
        if re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            return hint.replace("X_URL", variable)
    return None

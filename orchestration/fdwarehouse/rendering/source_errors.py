"""What a source, or libpq on the way to it, says when it cannot be read, and the ways out.

One list for `fdwarehouse contract`, which asks before anything is deployed, and for the deployed
SQL. ``X_URL`` stands for the variable with the source's connection string.
"""

from __future__ import annotations

import re

ROW_SECURITY = (
    "Every row is needed: a row that the reader may not see would be taken for deleted, so row "
    "security is an error, whatever its policies say. As an administrator there: ALTER ROLE "
    "warehouse_reader BYPASSRLS. Or, for some of the rows, name in warehouse.yaml a view of the "
    "table's owner that selects them, with mode: snapshot."
)
RIGHTS = (
    "`fdwarehouse bootstrap --side production` grants what is needed; `fdwarehouse contract` shows "
    "what its reader sees."
)
ENCODING = (
    "Its bytes are not text of the encoding that production's database says it has. Repair them "
    "there: UPDATE ... SET c = convert_from(decode(replace(c, '\\', '\\\\'), 'escape'), 'LATIN1')."
)
LOCK = (
    "A session holds a lock on it, here or in production: look at pg_locks. timeouts.lock in "
    "warehouse.yaml says how long it is waited for."
)
_NO_TLS_HERE = (
    "The server of the warehouse cannot speak TLS, as the embedded one cannot: let a PostgreSQL "
    "that has it be the warehouse, or leave the sslmode out of X_URL where TLS is not required."
)
_NO_TLS_THERE = "The source has no TLS, and X_URL asks for it: change its sslmode."
_TLS_ALONE = (
    "The source lets nobody in without TLS: write sslmode=require in X_URL. The server of the "
    "warehouse must have TLS, too, which the embedded one has not."
)
_POOLER = (
    "A pooler in between does not pass `options` on: set `ignore_startup_parameters = options, "
    "extra_float_digits` in pgbouncer.ini, and run `fdwarehouse bootstrap --side production`, "
    "which gives the reader the same settings."
)
_UNKNOWN_SETTING = (
    "The source is older than its contract says, or `options` in X_URL has a setting that it does "
    "not know. See `fdwarehouse contract`."
)
_LOGIN = "Is the password in X_URL right? `fdwarehouse bootstrap --side production` sets it."
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
    """Find the way out of an error, None when it is not a known one.

    Args:
        said: message and detail.
        variable: the one with the connection string.
    """
    for pattern, hint in OF_CONNECTIONS:
        if re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            return hint.replace("X_URL", variable)
    return None

"""Connection strings of sources: what libpq reads in them, and what postgres_fdw accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

from fdwarehouse.errors import FdwarehouseError

NOT_A_CONNINFO = "is not a PostgreSQL connection string"
HOW_TO_WRITE_ONE = (
    "Write postgresql://user:password@host:5432/database; special characters of a password "
    "are written as %40 (@), %2F (/), %3A (:), %23 (#), %3F (?) and the like."
)

# https://www.postgresql.org/docs/18/postgres-fdw.html#POSTGRES-FDW-OPTIONS-CONNECTION
OF_THE_LOGIN = ("user", "password", "sslpassword")
OF_THE_SERVER = (
    *("host", "hostaddr", "port", "dbname", "options", "application_name", "connect_timeout"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    *("tcp_user_timeout", "target_session_attrs", "load_balance_hosts", "require_auth"),
    *("sslmode", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslcertmode"),
    *("sslrootcert", "sslcrl", "sslcrldir", "sslsni", "ssl_min_protocol_version"),
    *("ssl_max_protocol_version", "min_protocol_version", "max_protocol_version", "requirepeer"),
    *("channel_binding", "gssencmode", "krbsrvname", "gsslib", "gssdelegation"),
)
# Options of libpq that postgres_fdw does not accept, since it sets encoding and application name
# itself; and files that would be looked for on the warehouse's server.
REFUSED = (
    *("client_encoding", "fallback_application_name", "service", "passfile"),
    *("replication", "scram_client_key", "scram_server_key", "sslkeylogfile"),
    *("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
)

_URI = re.compile("postgres(?:ql)?://")


def parse_conninfo(name: str, conninfo: str) -> dict[str, str]:
    """Read a connection string, a URL or key=value, as libpq does.

    Args:
        name: the variable that holds it, for messages.
        conninfo: the connection string.

    Returns:
        Its options that have a value; the database defaults to the user's name.

    Raises:
        FdwarehouseError: it is malformed. The message quotes none of it, since a password that is
            not escaped can end up in any part.
    """
    text = conninfo.strip(" \t\n\v\f\r")
    try:
        found = conninfo_to_dict(text)
        options = {str(k): str(v) for k, v in found.items() if v not in (None, "")}
        if not re.fullmatch(r"[0-9]*(,[0-9]*)*", options.get("port", "")):
            raise ValueError
        if start := _URI.match(text):
            _require_one_login(text[start.end() :])
    except (psycopg.Error, ValueError):
        raise FdwarehouseError(f"{name} {NOT_A_CONNINFO}", hint=HOW_TO_WRITE_ONE) from None
    if "user" in options:
        options.setdefault("dbname", options["user"])
    return options


def _require_one_login(location: str) -> None:
    """Refuse an @ or a blank that is not escaped: it most likely belongs to the password."""
    login = re.match("[^@/]*@", location)
    address = location[login.end() if login else 0 :].partition("?")[0]
    if "@" in address or re.search("[ \t\n\v\f\r]", location):
        raise ValueError


def require_known_words(name: str, options: Iterable[str]) -> None:
    """Check that postgres_fdw accepts the options of a source's connection string.

    Args:
        name: the variable that holds it.
        options: names of its options.

    Raises:
        FdwarehouseError: it does not accept one; the message names it.
    """
    known = {*OF_THE_LOGIN, *OF_THE_SERVER}
    if refused := sorted(word for word in options if word not in known):
        raise FdwarehouseError(
            f'{name}: invalid option "{refused[0]}" for a source',
            hint="The warehouse's server connects with postgres_fdw, which does not accept it, or "
            f"would look for the file on its own machine. Omit {refused[0]}; specify host, "
            "port, dbname, user and password in full.",
            exit_code=1,
        )


def merged_options(
    defaults: Mapping[str, str], safety: str, options: Mapping[str, str]
) -> dict[str, str]:
    """Merge a source's connection string with the settings of every session there.

    Args:
        defaults: options of every foreign server.
        safety: settings that a connection string cannot override, written last in ``options``.
        options: those of the connection string.
    """
    merged = {**defaults, **options}
    parts = (defaults["options"], options.get("options"), safety)
    return merged | {"options": " ".join(part for part in parts if part)}

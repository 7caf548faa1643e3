"""Connection strings of sources: what libpq reads in them, and what postgres_fdw takes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

from fdwarehouse.errors import FdwarehouseError

NOT_A_CONNINFO = "is not a connection string of PostgreSQL"
HOW_TO_WRITE_ONE = (
    "It looks like postgresql://user:password@host:5432/database; special characters of a password "
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
# Words of libpq that postgres_fdw does not take: it reads in the warehouse's encoding, under a name
# of its own. And files that would be looked for on the warehouse's server.
REFUSED = (
    *("client_encoding", "fallback_application_name", "service", "passfile"),
    *("replication", "scram_client_key", "scram_server_key", "sslkeylogfile"),
    *("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
)

_URI = re.compile("postgres(?:ql)?://")


def parse_conninfo(name: str, conninfo: str) -> dict[str, str]:
    """Read a connection string, a URL or key=value, as libpq does.

    Args:
        name: the variable that holds it, for people.
        conninfo: the connection string.

    Returns:
        Its options that have a value; the database is the user's name where none is given.

    Raises:
        FdwarehouseError: it is malformed. The message holds nothing of it, since a password that
            was not escaped can end up in any part.
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
    """Refuse an @ or a blank that is not escaped: it is the password's, most likely."""
    login = re.match("[^@/]*@", location)
    address = location[login.end() if login else 0 :].partition("?")[0]
    if "@" in address or re.search("[ \t\n\v\f\r]", location):
        raise ValueError


def require_known_words(name: str, options: Iterable[str]) -> None:
    """Make sure that postgres_fdw takes what a source's connection string says.

    Args:
        name: the variable that holds it.
        options: names of its options.

    Raises:
        FdwarehouseError: it does not take one; the message names it.
    """
    known = {*OF_THE_LOGIN, *OF_THE_SERVER}
    if refused := sorted(word for word in options if word not in known):
        raise FdwarehouseError(
            f'{name}: invalid option "{refused[0]}" for a source',
            hint="The warehouse's server connects with postgres_fdw, which does not take it, or "
            f"would look for the file on its own machine. Leave {refused[0]} out; write host, "
            "port, dbname, user and password in full.",
            exit_code=1,
        )


def merged_options(
    defaults: Mapping[str, str], safety: str, options: Mapping[str, str]
) -> dict[str, str]:
    """Bring a source's connection string together with the settings of every session there.

    Args:
        defaults: options of every foreign server.
        safety: what a connection string cannot switch off, written last in ``options``.
        options: those of the connection string.
    """
    merged = {**defaults, **options}
    parts = (defaults["options"], options.get("options"), safety)
    return merged | {"options": " ".join(part for part in parts if part)}

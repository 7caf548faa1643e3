"""The connections, from the environment's connection strings or to the embedded servers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from fdwarehouse.database.prefixed import prefix_of, prefixed_url, use_prefix
from fdwarehouse.database.session import Session
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.config import Config, find_root, load_config
from fdwarehouse.project.conninfo import parse_conninfo, require_known_words
from fdwarehouse.rendering.pinned_settings import PINS

STATE = ".fdwarehouse"
_DEPLOYMENT = re.compile("[A-Za-z][A-Za-z0-9_]*")
ROLES_OF_THE_WAREHOUSE = (
    "warehouse_owner",
    "warehouse_loader",
    "warehouse_analyst",
    "warehouse_orchestrator",
    "warehouse_monitor",
)
READER = "warehouse_reader"
ANALYST = "warehouse_analyst"

# An older server knows fewer of them.
_PIN = """
    SELECT pg_catalog.set_config(s.name, p.value, false)
    FROM pg_catalog.pg_settings AS s
    INNER JOIN pg_catalog.jsonb_each_text(%s) AS p
        ON pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) p.key
"""


def variable(name: str, *, admin: bool = False) -> str:
    """Name the environment variable with the connection string of the warehouse or a source.

    Args:
        name: ``warehouse``, or the source's name in ``warehouse.yaml``.
        admin: whether it is the administrator's.
    """
    return f"{name}_admin_url".upper() if admin else f"{name}_url".upper()


class Connections:
    """The project and the connection strings of its databases, each looked up when needed.

    Args:
        project: a folder in the project; defaults to ``FDWAREHOUSE_PROJECT``, then the current one.
        environment: the environment variables; defaults to those of this process.
        deployment: the name of an environment such as ``dev``, whose variables begin with
            ``DEV_``; None for those without such a prefix.

    Raises:
        FdwarehouseError: it is not a name.
    """

    def __init__(
        self,
        project: Path | None = None,
        environment: Mapping[str, str] | None = None,
        deployment: str | None = None,
    ) -> None:
        if deployment is not None and not _DEPLOYMENT.fullmatch(deployment):
            raise FdwarehouseError(
                f"{deployment} is no name of an environment",
                hint="Letters, digits and _ make one: the variables of dev begin with DEV_.",
            )
        self._project = project
        self._environment = os.environ if environment is None else environment
        self.name = deployment.lower() if deployment else None
        """As --env gives it; None: no environment is named."""
        self._prefix = f"{deployment}_".upper() if deployment else ""

    def of(self, deployment: str | None) -> Connections:
        """Return the connections of the same project in another environment.

        Args:
            deployment: its name; None for the variables without a prefix.
        """
        return Connections(self._project, self._environment, deployment)

    def variable(self, name: str, *, admin: bool = False) -> str:
        """Name the environment variable of a connection in this environment; see `variable`."""
        return self._prefix + variable(name, admin=admin)

    @cached_property
    def root(self) -> Path:
        """The project's folder."""
        return find_root(self._project)

    @cached_property
    def config(self) -> Config:
        """The project's ``warehouse.yaml``."""
        return load_config(self.root)

    @cached_property
    def schema_prefix(self) -> str:
        """The prefix of its schemas, if it is deployed beside the main deployment; else empty."""
        beside = self.config.environments.get(self.name) if self.name else None
        return beside.schema_prefix if beside else ""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables."""
        return self._environment

    @property
    def state_dir(self) -> Path:
        """Folder of the embedded servers."""
        return self.root / STATE

    @cached_property
    def is_embedded(self) -> bool:
        """Whether the embedded servers are used: no connection is set, and no environment named."""
        if self._prefix:
            return False
        names = ("warehouse", *self.config.sources)
        return not any(self._given(variable(n, admin=a)) for n in names for a in (False, True))

    def warehouse(self) -> str:
        """Connection string of the warehouse's owner."""
        if self.schema_prefix and not self._given(variable("warehouse")):
            return prefixed_url(self.of(None).warehouse(), self.schema_prefix)
        return prefixed_url(self._url("warehouse"), self.schema_prefix)

    def analyst(self) -> str | None:
        """Connection string of the role that may only read gold; None if it is not known.

        It is that of the owner with the name of the analyst and the password of bootstrap.
        """
        password = self.password(ANALYST)
        if password is None:
            return None
        url = make_conninfo(self.warehouse(), user=ANALYST, password=password)
        return prefixed_url(url, self.schema_prefix)

    def warehouse_admin(self) -> str:
        """Connection string of the warehouse's administrator, only for bootstrap."""
        return self._url("warehouse", admin=True)

    def source(self, name: str) -> str:
        """Connection string of a source's reader, valid on the warehouse's server.

        Args:
            name: the source's name in ``warehouse.yaml``.

        Raises:
            FdwarehouseError: there is no such source, its connection is not set, or lacks what
                postgres_fdw needs.
        """
        if name not in self.config.sources:
            raise FdwarehouseError(
                f"warehouse.yaml has no source {name}",
                hint=f"It has {', '.join(self.config.sources)}.",
            )
        url = self._url(name)
        named = self.variable(name)
        options = parse_conninfo(named, url)
        require_known_words(named, options)
        if "password" not in options:
            raise FdwarehouseError(
                f"{named} has no password",
                hint="The warehouse's server logs in with it on behalf of an ordinary role, which "
                "postgres_fdw allows only with a password.",
            )
        return url

    def source_admin(self, name: str) -> str:
        """Connection string of a source's administrator, only for bootstrap and seed."""
        return self._url(name, admin=True)

    def known_sources(self) -> dict[str, str]:
        """Connection strings of the sources that have one, by name.

        A source without one stays mounted as it is; a deploy that needs it reports an error.
        """
        if self.schema_prefix:
            return {}
        return {
            name: self.source(name)
            for name in self.config.sources
            if self.is_embedded or self._given(variable(name))
        }

    def password(self, role: str) -> str | None:
        """Password that bootstrap sets for a role; None to keep the present one.

        Args:
            role: ``warehouse_owner``, ...; for roles without a connection string, the password is
                in a variable such as ``WAREHOUSE_LOADER_PASSWORD``.
        """
        if self.is_embedded:
            from fdwarehouse.embedded import lifecycle

            return lifecycle.passwords(self.state_dir)[role]
        return self._given(f"{role}_password".upper())

    def embedded_urls(self) -> dict[str, str]:
        """Start the embedded servers unless they run; return connection strings by variable.

        The one embedded production server serves every source of the project.
        """
        from fdwarehouse.embedded import lifecycle

        urls = lifecycle.up(self.state_dir, production_db=self.config.project)
        return {
            variable(name, admin=admin): urls[
                variable("warehouse" if name == "warehouse" else "production", admin=admin)
            ]
            for admin in (False, True)
            for name in ("warehouse", *self.config.sources)
        }

    @cached_property
    def _embedded_urls(self) -> dict[str, str]:
        return self.embedded_urls()

    def _given(self, name: str) -> str | None:
        return self._environment.get(self._prefix + name) or None

    def _url(self, name: str, *, admin: bool = False) -> str:
        wanted = variable(name, admin=admin)
        given = self._given(wanted)
        if given is None and self.is_embedded:
            return self._embedded_urls[wanted]
        if given is None:
            raise FdwarehouseError(
                f"{self.variable(name, admin=admin)} is not set",
                hint=f"Set it to the connection string of {_whose(name, admin)}. "
                + (
                    "The embedded servers are only used without --env."
                    if self._prefix
                    else "If no connection is set, the embedded servers are used."
                ),
            )
        parse_conninfo(self.variable(name, admin=admin), given)
        return given


def connect(url: str, *, autocommit: bool = False, is_pinned: bool = True) -> psycopg.Connection:
    """Connect, or raise an error that says why not.

    Args:
        url: connection string.
        autocommit: for procedures that commit.
        is_pinned: whether to set the pinned settings of the warehouse, see `pins`; False for a
            production whose tables are found by its own search_path.

    Raises:
        FdwarehouseError: the server cannot be reached, or refuses the connection.
    """
    options = parse_conninfo("The connection string", url)
    try:
        connection = Session.connect(
            url,
            autocommit=True,
            application_name="fdwarehouse",
            client_encoding="utf8",  # else text of a database in SQL_ASCII arrives as bytes
        )
        with ExitStack() as unless_it_works:
            unless_it_works.callback(connection.close)
            if is_pinned:
                connection.execute(_PIN, [Jsonb({name.lower(): v for name, v in PINS.items()})])
            if prefix := prefix_of(url):
                use_prefix(connection, prefix)
                connection.schema_prefix = prefix
            connection.autocommit = autocommit
            unless_it_works.pop_all()
        return connection
    except psycopg.Error as error:
        where = f"{options.get('host', 'local')}, database {options.get('dbname', '?')}"
        reason = str(error).strip()
        refused = "authentication failed" in reason or "does not exist" in reason
        raise FdwarehouseError(
            f"cannot connect to {where} as {options.get('user', '?')}: {reason}",
            hint="Check the name and the password. `fdwarehouse bootstrap` creates the roles."
            if refused
            else "Check that the server is running, and the connection string.",
        ) from error


def _whose(name: str, admin: bool) -> str:
    role = "an administrator" if admin else "warehouse_owner" if name == "warehouse" else READER
    return f"{role} of {'the warehouse' if name == 'warehouse' else 'source ' + name}"

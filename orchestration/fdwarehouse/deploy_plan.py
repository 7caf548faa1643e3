"""What a deploy would change."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plan:
    """What a deploy would change."""

    migrations: list[str] = field(default_factory=list)
    """Versioned files that are not applied yet."""
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    """Sources whose connection is another one."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.migrations or self.new or self.changed or self.gone or self.connections)

    @property
    def edited(self) -> list[str]:
        """Versioned files that are not what was applied: the deploy is refused."""
        return [name for name in self.changed if name.startswith("migration_")]

    @property
    def missing(self) -> list[str]:
        """Versioned files that were applied and are not there: the deploy is refused."""
        return [name for name in self.gone if name.startswith("migration_")]

    @property
    def abandoned(self) -> list[str]:
        """Tables whose file is gone: they stay, and nothing writes them."""
        stems = [name.removesuffix(".sql") for name in self.gone]
        return [s for s in stems if {f"{s}_definition", f"{s}_versions"} & set(stems)]

    @property
    def refused(self) -> Plan:
        """The part for which a deploy is refused."""
        return Plan(changed=self.edited, gone=self.missing)

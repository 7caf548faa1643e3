"""Plans of a deploy on the terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from rich.padding import Padding
from rich.text import Text

from fdwarehouse.database.deployment_plan import Plan
from fdwarehouse.rendering.next_run import NextRun
from fdwarehouse.terminal.console import out, say


def show_kept_up(kept_up: Mapping[str, str]) -> None:
    """Show how each table that is one SELECT is maintained.

    Args:
        kept_up: description by table.
    """
    if not kept_up:
        return
    say("Tables", "bold")
    width = max(len(name) for name in kept_up)
    for name, how in kept_up.items():
        style = "yellow" if how.startswith("full") else ""
        line = Text(f"{name:<{width}}  {how}", style)
        out.print(Padding(line, (0, 0, 0, 2), expand=False))


def show_next_run(run: NextRun) -> None:
    """Show what the next run computes because of a deploy.

    Args:
        run: what it computes in full, and what is downstream.
    """
    lines = [f"{name}: {reason}" for name, reason in run.full.items()]
    for title, sign, style, listed in (
        ("The next run computes in full", "~", "yellow", lines),
        ("Also downstream", "·", "", run.incremental),
    ):
        if listed:
            say(title, "bold")
        for line in listed:
            out.print(Padding(Text(f"{sign} {line}", style), (0, 0, 0, 2), expand=False))


def show_plan(plan: Plan) -> None:
    """Show what a deploy changes, object by object; the mount of a source counts as one.

    Args:
        plan: the differences from what is deployed.
    """
    changed = [name for name in plan.changed if name not in plan.edited]
    kept = {*plan.missing, *(f"{table}.sql" for table in plan.abandoned)}
    gone = [name for name in plan.gone if name not in kept]
    sections: tuple[tuple[str, str, str, list[str]], ...] = (
        ("Migrations", "+", "green", _migrations(plan.migrations)),
        (
            "Migrations edited after they were applied: refused",
            "!",
            "red",
            _migrations(plan.edited),
        ),
        ("Applied migrations without a file: refused", "!", "red", _migrations(plan.missing)),
        ("New", "+", "green", _by_schema(plan.new)),
        ("Changed", "~", "yellow", _by_schema(changed)),
        ("Removed", "-", "red", _by_schema(gone)),
        ("Connections", "~", "yellow", [f"to source {name}" for name in plan.connections]),
    )
    if not plan.is_empty and not any(lines for *_, lines in sections):
        sections = (("Changed", "~", "yellow", ["settings and grants"]),)
    for title, sign, style, lines in sections:
        if lines:
            say(title, "bold")
        for line in lines:
            out.print(Padding(Text(f"{sign} {line}", style), (0, 0, 0, 2), expand=False))
    for name in plan.abandoned:
        say(f"{name} is kept, but nothing writes it: drop it with a migration.", "yellow")


def _migrations(files: Sequence[str]) -> list[str]:
    return [file.removeprefix("migration_") for file in files]


def _by_schema(files: Sequence[str]) -> list[str]:
    objects: dict[str, list[str]] = defaultdict(list)
    for file in files:
        if not file.startswith("deploy_"):  # these are the deployment's own statements
            schema, _, name = unquote(file).removesuffix(".sql").partition(".")
            objects[schema].append(name or "server and foreign tables")
    return [f"{schema}: {', '.join(names)}" for schema, names in objects.items()]

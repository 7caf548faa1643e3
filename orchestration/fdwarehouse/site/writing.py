"""Writes a site into a folder: pages from templates, their data, and the assets."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fdwarehouse import __version__
from fdwarehouse.database.observation.everything import Observation
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.site import formats
from fdwarehouse.site.addresses import check_page, run_page, table_page
from fdwarehouse.site.highlighting import highlighted
from fdwarehouse.site.pages.business import business
from fdwarehouse.site.pages.checks import check_pages
from fdwarehouse.site.pages.graphs import lineage, mermaid, star
from fdwarehouse.site.pages.home import home
from fdwarehouse.site.pages.runs import run_pages, runs
from fdwarehouse.site.pages.tables import Tables
from fdwarehouse.terminal import console

ASSETS = Path(__file__).parent / "assets"
OLD_AFTER = 86400
"""Seconds after which a page says that it is old, where no source has a promise that is shorter."""
LIST_OF_FILES = "site-files.json"
"""Says which files of the folder are the site's: the next site replaces these and no others."""


def write_site(seen: Observation, project: str, folder: Path) -> int:
    """Write a site.

    Args:
        seen: the warehouse.
        project: its name.
        folder: is created; files of an earlier site are replaced, and removed if they are no
            longer part of it.

    Returns:
        The size of all files, in bytes.

    Raises:
        FdwarehouseError: the folder has files that are not a site's.
    """
    earlier = _earlier_files(folder)
    files = dict(_files(seen, project))
    folder.mkdir(parents=True, exist_ok=True)
    _list(folder, earlier | files.keys())  # first: this command may be killed before its end
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in earlier - files.keys():
        (folder / name).unlink(missing_ok=True)
    return sum(map(len, files.values())) + _list(folder, files.keys())


def _list(folder: Path, names: Collection[str]) -> int:
    """Record which files are the site's, and return the size of the list."""
    listed = json.dumps(sorted(names), indent=0).encode()
    # a list that is half there would be none
    unfinished = folder / f".{LIST_OF_FILES}"
    unfinished.write_bytes(listed)
    unfinished.replace(folder / LIST_OF_FILES)
    return len(listed)


def _earlier_files(folder: Path) -> set[str]:
    if folder.exists() and not folder.is_dir():
        raise FdwarehouseError(f"{folder} is a file", hint="Name a folder with --out.")
    listed = folder / LIST_OF_FILES
    if listed.is_file() and (names := _names(listed.read_bytes())) is not None:
        below = folder.resolve()
        return {n for n in names if _is_file_below(folder / n, below)}
    if folder.is_dir() and any(p.name != f".{LIST_OF_FILES}" for p in folder.iterdir()):
        raise FdwarehouseError(
            f"{folder} has files that are not a site's",
            hint="Name an empty or a new folder with --out.",
        )
    return set()


def _names(listed: bytes) -> set[str] | None:
    """Read a list of files of a site; None: it is not one."""
    try:
        names = json.loads(listed)
    except ValueError:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return set(names)


def _is_file_below(path: Path, folder: Path) -> bool:
    """Say whether a file is in a folder: a list of files may name others."""
    return (
        ".." not in path.parts and path.is_file() and path.parent.resolve().is_relative_to(folder)
    )


def _files(seen: Observation, project: str) -> Iterator[tuple[str, bytes]]:
    templates = _environment(seen, project)

    def page(name: str, template: str, **values: Any) -> tuple[str, bytes]:
        root = "../" * name.count("/")
        return name, templates.get_template(template).render(root=root, **values).encode()

    graph, diagram, tables = lineage(seen), star(seen), Tables(seen)
    yield page("index.html", "home.html", active="home", **home(seen))
    yield page("business.html", "business.html", active="business", charts=business(seen))
    yield page("tables.html", "tables.html", active="tables", layers=tables.listed())
    yield page("lineage.html", "lineage.html", active="lineage", graph=graph)
    yield page("star.html", "star.html", active="star", diagram=diagram, mermaid=mermaid(diagram))
    yield page("runs.html", "runs.html", active="runs", **runs(seen))
    for values in tables.pages():
        name = table_page(values["table"].name)
        yield page(name, "table.html", active="tables", **values)
    for values in check_pages(seen):
        yield page(check_page(values["check"]["name"]), "check.html", active="runs", **values)
    for values in run_pages(seen):
        yield page(run_page(values["run"]["run_id"]), "run.html", active="runs", **values)
    yield "data/search.js", _script("SEARCH", list(_searched(seen, graph)))
    yield "data/lineage.js", _script("LINEAGE", graph)
    yield "data/star.js", _script("STAR", {**diagram, "tables": _without_all(diagram["tables"])})
    for asset in sorted(ASSETS.rglob("*.*")):
        yield f"assets/{asset.relative_to(ASSETS).as_posix()}", asset.read_bytes()


def _without_all(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in table.items() if name != "all"} for table in tables]


def _searched(seen: Observation, graph: dict[str, Any]) -> Iterator[list[str]]:
    """Yield what the search finds: text, kind, page."""
    for table in graph["tables"]:
        if table["page"]:
            yield [table["name"], table["layer"], table["page"]]
            for column in table["columns"]:
                if not column.startswith("_"):
                    anchor = formats.slug(column)
                    yield [f"{table['name']}.{column}", "column", f"{table['page']}#c-{anchor}"]
    for name, chart in seen.charts.items():
        yield [chart.title, "chart", f"business.html#{formats.slug(name)}"]
    for check in seen.checks:
        yield [check["name"], "check", check_page(check["name"])]


def _script(name: str, value: Any) -> bytes:
    """Write data as a script, which, unlike JSON, a page that is opened from disk can load."""
    return f"window.{name} = {safe_json(value)};\n".encode()


def safe_json(value: Any) -> Markup:
    """Write JSON that may stand in a <script>.

    Args:
        value: JSON.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _environment(seen: Observation, project: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("fdwarehouse.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    known = {table.name for table in seen.described.tables}
    detailed = seen.detailed_runs
    promised = [row["promised_seconds"] for row in seen.sources if row["promised_seconds"]]
    environment.filters |= {
        "ago": lambda value: formats.ago(value, seen.observed_at),
        "amount": formats.amount,
        "bytes": formats.bytes_,
        "check_page": check_page,
        "counted": console.counted,
        "day": formats.day,
        "duration": console.duration,
        "highlighted": highlighted,
        "moment": formats.moment,
        "number": console.number,
        "rough": formats.rough,
        "run_page": run_page,
        "safe_json": safe_json,
        "share": formats.share,
        "short_type": formats.short_type,
        "slug": formats.slug,
        "spread": formats.spread,
        "table_page": table_page,
    }
    environment.globals |= {
        "project": project,
        "database": seen.database,
        "made_at": seen.observed_at,
        "old_after": min([*promised, OLD_AFTER]),
        "version": __version__,
        "with_values": seen.with_values,
        "has_page": known.__contains__,
        "run_has_page": detailed.__contains__,
        "counts": {"charts": len(seen.charts), "tables": len(known)},
    }
    return environment

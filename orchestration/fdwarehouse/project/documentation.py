"""The documentation that comes with the package: pages of Markdown, and the same as HTML."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection
from functools import partial
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
    color: #1c2024; background: #fff; }
pre { overflow-x: auto; padding: .8rem; background: #f3f4f6; border-radius: 6px; }
code { font: .9em ui-monospace, monospace; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { border: 1px solid #d0d4d9; padding: .3rem .6rem; text-align: left; vertical-align: top; }
img { max-width: 100%; }
@media (prefers-color-scheme: dark) {
    body { color: #e4e6e9; background: #16181b; } a { color: #8ab4f8; }
    pre { background: #23262b; } td, th { border-color: #43484f; } }
"""


def pages() -> dict[str, Path]:
    """List the pages by name: the README and its neighbours, then docs alphabetically.

    They are in the package once it is installed from a wheel, and beside it in a checkout.
    """
    installed = _PACKAGE / "documentation"
    root = installed if installed.is_dir() else _PACKAGE.parents[1]
    found = sorted((root / "docs").glob("*.md"))
    first = [root / f"{name}.md" for name in ("README", "CHANGELOG", "SECURITY")]
    return {path.stem: path for path in (*first, *found) if path.is_file()}


def title_of(page: Path) -> str:
    """Return the first heading of a page.

    Args:
        page: its file.
    """
    heading = re.search(r"^# +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1] if heading else page.stem


def as_html() -> dict[str, Path]:
    """Write all pages as HTML into a temporary folder.

    Returns:
        The files, by name of the page. Links between pages lead from file to file.
    """
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    folder = Path(tempfile.mkdtemp(prefix="fdwarehouse-docs-"))
    known = pages()
    written = {}
    for name, path in known.items():
        body = markdown.render(path.read_text(encoding="utf-8"))
        body = re.sub(r'src="docs/', 'src="', body)
        body = re.sub(
            r'<a href="([^"]*)">(.*?)</a>', partial(_linked, known), body, flags=re.DOTALL
        )
        body = re.sub(r"<h([2-4])>(.*?)</h\1>", _anchored, body)
        written[name] = folder / f"{name}.html"
        written[name].write_text(
            f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width">\n'
            f"<title>{title_of(path)}</title>\n<style>{_STYLE}</style>\n{body}</html>\n",
            encoding="utf-8",
        )
    docs = known["README"].parent / "docs"
    for picture in (*docs.glob("*.svg"), *docs.glob("images/*.png")):
        copy = folder / picture.relative_to(docs)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(picture.read_bytes())
    return written


def _linked(known: Collection[str], link: re.Match[str]) -> str:
    """Let a link lead to the other page; what is only in the repository stays as text."""
    target, text = link[1], link[2]
    if ":" in target or target.startswith("#"):
        return link[0]
    path, _, anchor = target.partition("#")
    name = path.rpartition("/")[2].removesuffix(".md")
    if name not in known or not path.endswith(".md"):
        return text
    return f'<a href="{name}.html{"#" + anchor if anchor else ""}">{text}</a>'


def _anchored(heading: re.Match[str]) -> str:
    """Give a heading the anchor that links to it use."""
    plain = re.sub(r"<[^>]+>", "", heading[2]).lower()
    anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
    return f'<h{heading[1]} id="{anchor}">{heading[2]}</h{heading[1]}>'

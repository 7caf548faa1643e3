"""Which files of a folder a site replaces and deletes: its own, whatever its list says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.site import writing
from fdwarehouse.site.writing import LIST_OF_FILES, write_site

Write = Callable[..., None]
PAGES = {"index.html": b"home", "tables/a.html": b"a"}


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a site of two pages, or of others."""

    def written(folder: Path, pages: dict[str, bytes] = PAGES) -> None:
        monkeypatch.setattr(writing, "_files", lambda *_: iter(pages.items()))
        nothing: Any = None
        write_site(nothing, "p", folder)

    return written


def test_nothing_outside_of_the_folder_is_deleted(write: Write, tmp_path: Path) -> None:
    site, victims = tmp_path / "site", tmp_path / "victims"
    victims.mkdir()
    for name in ("a", "b", "c"):
        (victims / name).write_text("mine")
    write(site, {**PAGES, "tables/gone.html": b"old"})
    (site / "link").symlink_to(victims)
    names = [
        str(victims / "a"),
        "../victims/b",
        "link/c",
        "tables",
        "..",
        "",
        "a\0",
        "tables/gone.html",
    ]
    (site / LIST_OF_FILES).write_text(json.dumps(names))
    write(site)
    assert sorted(path.name for path in victims.iterdir()) == ["a", "b", "c"]
    assert not (site / "tables/gone.html").exists()
    assert json.loads((site / LIST_OF_FILES).read_text()) == sorted(PAGES)


@pytest.mark.parametrize("listed", ["{", '{"a": 1}', "[1]", "\udcff"])
def test_list_that_is_none_is_not_a_sites(write: Write, tmp_path: Path, listed: str) -> None:
    (tmp_path / LIST_OF_FILES).write_bytes(listed.encode(errors="surrogateescape"))
    with pytest.raises(FdwarehouseError, match="has files that are not a site's"):
        write(tmp_path)


def test_site_that_was_killed_is_replaced_by_the_next(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    store = Path.write_bytes

    def killed(path: Path, content: bytes) -> int:
        if path.name == "a.html":
            raise KeyboardInterrupt
        return store(path, content)

    for pages in (PAGES, {"b.html": b"b", **PAGES}):
        monkeypatch.setattr(Path, "write_bytes", killed)
        with pytest.raises(KeyboardInterrupt):
            write(site, pages)
        monkeypatch.setattr(Path, "write_bytes", store)
    write(site)
    found = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert found == {*PAGES, LIST_OF_FILES}

"""A headless Chromium for tests, if there is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

_WANTED = os.environ.get("FDWAREHOUSE_CHROMIUM")  # set in CI: then it must exist
PROGRAM = _WANTED or shutil.which("chromium")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser, which has no network of its own to talk to."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page that is open, and all that went wrong on it.

    Args:
        page: a new page of the browser.
        site: the folder of the site.
    """

    def __init__(self, page: Page, site: Path) -> None:
        self.page = page
        self.site = site
        self.problems: list[str] = []
        page.on("console", lambda said: self._note(said.type in ("error", "warning"), said.text))
        page.on("pageerror", lambda error: self._note(True, str(error)))
        page.on("dialog", lambda dialog: self._note(True, f"dialog {dialog.message}"))
        page.on(
            "request",
            lambda asked: self._note(not asked.url.startswith(("file:", "data:")), asked.url),
        )

    def _note(self, is_wrong: bool, what: str) -> None:
        if is_wrong:
            self.problems.append(what)

    def open(self, name: str) -> Page:
        """Open a page of the site from disk, after a blank one, so that a new hash counts too."""
        self.page.goto("about:blank")
        path, _, anchor = name.partition("#")
        self.page.goto((self.site / path).as_uri() + (f"#{anchor}" if anchor else ""))
        return self.page


@contextmanager
def visit(
    browser: Browser, site: Path, *, width: int = 1280, theme: str = "light"
) -> Iterator[Visit]:
    """Open a window, and check in the end that nothing went wrong in it."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if theme == "dark" else "light",
    )
    try:
        visited = Visit(context.new_page(), site)
        yield visited
        assert not visited.problems, visited.problems
    finally:
        context.close()

"""A real browser for tests of pages: Chromium, driven by Playwright, headless and without a network.

Debian: `apt-get install chromium`. Elsewhere, `RAGBOT_CHROMIUM` names any Chromium or Chrome.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str:
    """Its path; a test that needs it fails where there is none, it is never passed over."""
    named = os.environ.get("RAGBOT_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, _NAMES)), None)
    if not found:
        pytest.fail(
            "no Chromium on the path: install it (Debian: apt-get install chromium; scripts/test does so as root), "
            "or name one in RAGBOT_CHROMIUM"
        )
    return found


@dataclass
class Visit:
    """An open page and all that it did which a self-contained page must not do."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors of scripts, messages on the console (violations of the policy among them), requests."""


class Visitor:
    """Opens files in fresh contexts of one browser."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._contexts: list[BrowserContext] = []

    def open(
        self, document: str, *, width: int = 1280, dark: bool = False, script: bool = True, fragment: str = ""
    ) -> Visit:
        """The document, from a file, at 800 pixels' height."""
        context = self._browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            offline=True,
        )
        self._contexts.append(context)
        file = self._folder / f"page-{len(self._contexts)}.html"
        file.write_text(document, encoding="utf-8")
        visit = Visit(page=context.new_page())
        visit.page.on("console", lambda message: visit.complaints.append(f"console: {message.text}"))
        visit.page.on("pageerror", lambda error: visit.complaints.append(f"error: {error}"))
        visit.page.on(
            "request",
            lambda request: (
                visit.complaints.append(f"request: {request.url}")
                if request.url.partition("#")[0] != file.as_uri()
                else None
            ),
        )
        visit.page.goto(file.as_uri() + fragment)
        return visit

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()


def launch(playwright: Playwright) -> Browser:
    """Chromium without a window. As root it runs without its sandbox: it reads our own pages only."""
    return playwright.chromium.launch(executable_path=find_chromium(), chromium_sandbox=os.geteuid() != 0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Started once for a module."""
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture
def visitor(browser: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Gone with its pages after the test."""
    made = Visitor(browser, tmp_path)
    yield made
    made.close()

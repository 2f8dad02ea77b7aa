"""A running service and a browser that looks at it: what a page complained of, or fetched from elsewhere, is kept."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, sync_playwright
from screenshots import CHROMIUM, FLAGS


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve `app` on a free port of this machine; its address."""
    service = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=service.run)
    thread.start()
    while not service.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{service.servers[0].sockets[0].getsockname()[1]}"
    service.should_exit = True
    thread.join()


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Debian's Chromium. As long as it is open, this thread has a loop of its own: no `asyncio.run` meanwhile."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def follow(link: Locator, *, key: str = "") -> None:
    """Click on what leads to another page, or press `key` on it, and wait until that page stands as a whole.

    A click alone waits until the page begins to come; what is asked of it then may be still under way.
    """
    with link.page.expect_navigation():
        if key:
            link.press(key)
        else:
            link.click()


class Watched:
    """A page, and everything it complained of or fetched from elsewhere."""

    def __init__(self, browser: Browser, server: str, *, width: int = 1280, scripts: bool = True) -> None:
        self.server = server
        viewport = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=viewport, java_script_enabled=scripts)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self._asked(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if not message.text.startswith("Failed to load resource: the server responded with a status of 4"):
            self.complaints.append(message.text)  # that a page tells of a mistake is an answer, not a complaint

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the next page was asked for before this one's icon had come
            self.complaints.append(f"{request.failure} {request.url}")

    def _asked(self, address: str) -> None:
        if not address.startswith(self.server):
            self.complaints.append(address)


class Keys(Watched):
    """Somebody with a keyboard and nothing else, in a browser without scripts."""

    MOST = 120
    """More stops than any page has."""

    def __init__(self, browser: Browser, server: str, *, width: int = 1280) -> None:
        super().__init__(browser, server, width=width, scripts=False)

    def to(self, selector: str) -> None:
        """Tab to what `selector` says, as often as that takes."""
        for _ in range(self.MOST):
            self.page.keyboard.press("Tab")
            if self.page.locator(f"{selector}:focus").count():
                return
        pytest.fail(f"no way by keyboard to {selector!r}")

    def press(self, selector: str, key: str = "Enter") -> None:
        """Tab there and press `key`, which leads to another page."""
        self.to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def write(self, selector: str, text: str) -> None:
        """Tab to a field and write `text` in it, in the place of what stands there."""
        self.to(selector)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

"""The site of sample pages, served to headless Chromium under the content security policy."""

from collections.abc import Iterator
from threading import Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, ConsoleMessage, Page
from werkzeug.serving import make_server

from tests.conftest import PATIENCE_MILLISECONDS
from tests.frontend.site import create_site


@pytest.fixture(scope="session")
def site() -> Flask:
    return create_site()


@pytest.fixture(scope="session")
def address(site: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    return site.test_client()


@pytest.fixture
def page(chromium: Browser, address: str, site: Flask) -> Iterator[Page]:
    """A fresh visitor; anything that the browser complains about fails the test."""
    for name in ("RECEIVED", "DRAFTS", "DEPLOYED", "DRAFT_STATUS", "REFUSE", "OFFLINE"):
        site.config.pop(name, None)
    context = chromium.new_context(
        base_url=address,
        viewport={"width": 1280, "height": 800},
        locale="en-GB",
        timezone_id="Europe/Oslo",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: note(complaints, message))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def note(complaints: list[str], message: ConsoleMessage) -> None:
    # Tests ask for refusals and lost networks; the last is the diagram library's own affair.
    expected = ("Failed to load resource", "Failed to fetch", "getPad is deprecated")
    if message.type in ("error", "warning") and not any(each in message.text for each in expected):
        complaints.append(message.text)

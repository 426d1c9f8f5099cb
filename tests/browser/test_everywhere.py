"""Every page, for every role, on a phone and a desk, in the dark and in the light."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import complete, field, open_task
from tests.program import Program, eventually

pytestmark = pytest.mark.browser

PHONE = {"width": 375, "height": 800}
DESK = {"width": 1280, "height": 860}
TASK = "Clarify needs"
DEAL = "Balcony doors, 2nd floor"

# A new theme's colours come with transitions, however short.
SETTLED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  await Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null)));
}"""
# Records look alike to all; the other roles' own pages are followed from their places.
FOLLOWED = {
    "boris": ("/",),
    "ada": ("/processes",),
    "olga": ("/admin", "/processes"),
}


@pytest.mark.parametrize("person", list(FOLLOWED))
def test_pages_fit_and_are_accessible_when_a_role_walks_them(
    person: str,
    program: Program,
    sign_in: Callable[..., Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    waiting = "SELECT count(DISTINCT name) FROM work_items WHERE state = 'open'"
    eventually(lambda: int(str(program.scalar(waiting))) >= 4, why="the demo's cases wait")
    page = sign_in(person, **PHONE, dark=True)
    shapes = []
    for shape in walk(page, FOLLOWED[person]):
        look_at(page, assert_accessible)
        shapes.append(shape)
    assert len(shapes) >= {"boris": 22, "ada": 9, "olga": 16}[person], shapes


def test_pages_fit_and_are_accessible_when_nobody_is_signed_in(
    open_page: Callable[..., Page], assert_accessible: Callable[[Page], None]
) -> None:
    page = open_page(**PHONE, dark=True)
    for path in ("/sign-in", "/form/lead", "/form/request", "/form/thanks?reference=L-000001"):
        page.goto(path)
        look_at(page, assert_accessible)


def test_the_second_is_told_and_keeps_the_words_when_two_complete_one_task(
    program: Program, sign_in: Callable[..., Page]
) -> None:
    boris, anna = sign_in("boris"), sign_in("anna")
    open_task(boris, TASK, DEAL)
    boris.get_by_role("button", name="Give it back").click()
    for page in (boris, anna):
        open_task(page, TASK, DEAL, view="My groups")
        field(page, "Yes, make an offer").check()
    field(anna, "Needs").fill("What Anna heard")
    field(boris, "Needs").fill("What Boris heard")
    complete(anna)
    boris.get_by_role("button", name="Complete").click()
    told = boris.get_by_role("alert")
    expect(told).to_contain_text("Anna Berg completed this task a moment ago.")
    expect(told).to_contain_text("What you typed is kept.")
    expect(field(boris, "Needs")).to_have_value("What Boris heard")
    assert program.scalar(f"SELECT needs FROM deals WHERE name = '{DEAL}'") == "What Anna heard"
    done = "SELECT count(*) FROM work_items WHERE state = 'completed'"
    assert program.scalar(done) == 1


def walk(page: Page, followed: tuple[str, ...]) -> Iterator[str]:
    """Open each place of the navigation, and one page of each kind that links lead to."""
    places = page.locator(".lw-places a")
    waiting = [str(link.get_attribute("href")) for link in places.all()]
    seen = {shape_of(path) for path in waiting}
    while waiting:
        path = waiting.pop(0)
        response = page.goto(path)
        assert response is not None
        assert response.status == 200, path
        yield shape_of(path)
        for link in links_of(page):
            if shape_of(link) not in seen and link.startswith(followed):
                seen.add(shape_of(link))
                waiting.append(link)


def links_of(page: Page) -> list[str]:
    """Return the page's links to pages of the program, as paths."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('a[href]')].filter(a => a.origin === location.origin)"
        ".map(a => a.pathname + a.search)"
    )
    return [path for path in found if not re.search(r"\.(bpmn|json|ics)$|/documents/", path)]


def shape_of(path: str) -> str:
    """Return what two addresses of the same kind of page have in common."""
    parts = urlsplit(path)
    shape = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", parts.path)
    shape = re.sub(r"^/processes/[^/]+", "/processes/*", shape)
    return f"{shape}?task" if "task" in parse_qs(parts.query) else shape


def look_at(page: Page, assert_accessible: Callable[[Page], None]) -> None:
    """Check the open page on a phone in the dark, then on a desk in the light."""
    for size, scheme in ((PHONE, "dark"), (DESK, "light")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        expect(page.locator('[data-island]:not([data-island-state="ready"])')).to_have_count(0)
        assert overflow_of(page) <= 0, (page.url, size["width"])
        page.evaluate(SETTLED)
        assert_accessible(page)


def overflow_of(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(wide))

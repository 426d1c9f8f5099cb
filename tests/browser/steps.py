"""What people do on pages, in the words of the pages."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.program import Program, eventually


def owner_of(program: Program, table: str, condition: str) -> str | None:
    """Return the first name, as in the demo's sign-in, of a record's owner; None while nobody."""
    found = program.scalar(
        f"SELECT split_part(u.email, '@', 1) FROM {table} r JOIN users u ON u.id = r.owner_id "
        f"WHERE r.{condition}"
    )
    return None if found is None else str(found)


def open_task(
    page: Page, name: str, title: str, *, view: str = "Mine", has_form: bool = True
) -> None:
    """Find a task in the inbox, which may take the worker a moment, and open it."""

    def is_there() -> bool:
        page.goto("/")
        page.get_by_role("navigation", name="Views").get_by_role("link", name=view).click()
        page.wait_for_load_state()
        return row.count() > 0

    row = page.locator(".lw-split-list tbody tr").filter(has_text=name).filter(has_text=title)
    eventually(is_there, why=f"{name} for {title} is in the inbox")
    row.first.get_by_role("link").click()
    expect(page.locator(".lw-split-pane h2")).to_have_text(name)
    if has_form:
        expect(page.locator(".fjs-container")).to_be_visible()


def complete(page: Page) -> None:
    """Send the task's form and wait until the page says that it is done."""
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_text("Done:").first).to_be_visible()


def field(page: Page, label: str) -> Locator:
    """Return the first field of the task's form whose label begins with ``label``."""
    return page.locator(".fjs-container").get_by_label(label).first

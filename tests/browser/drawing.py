"""What an analyst's hand does in the modeller: the mouse on shapes, palette and context pad."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True)
class Modeller:
    """The modeller of a page; points are in the page's pixels."""

    page: Page

    def shape(self, element: str) -> Locator:
        """Return the drawn shape of the element with this id."""
        return self.page.locator(f'.djs-shape[data-element-id="{element}"] > .djs-visual').first

    def selected(self) -> Locator:
        """Return the drawn shape that is chosen."""
        return self.page.locator(".djs-shape.selected > .djs-visual").first

    def make_space(self, left: str, following: str, width: float) -> None:
        """Push the following element, and all to the right, away from the left one."""
        box = _box(self.shape(left))
        x, y = box["x"] + box["width"] + 6, box["y"] - 25
        before = _box(self.shape(following))["x"]
        self.pick_tool("space-tool")
        self.drag((x, y), (x + width, y))
        assert _box(self.shape(following))["x"] > before

    def pick_tool(self, action: str) -> None:
        """Take a tool from the palette."""
        self.page.locator(f'.djs-palette [data-action="{action}"]').click()

    def create_task(self, name: str, x: float, y: float) -> None:
        """Take a task from the palette, drop it at a point and type its name."""
        self.pick_tool("create.task")
        self.page.mouse.move(x - 5, y - 5)
        self.page.mouse.move(x, y, steps=3)
        self.page.mouse.click(x, y)
        expect(self.page.locator(".djs-direct-editing-content")).to_be_visible()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")
        expect(self.selected()).to_contain_text(name.split(maxsplit=1)[0])

    def drop_selected_between(self, left: str, right: str) -> None:
        """Drag the chosen shape onto the flow between two elements of one row."""
        before, after = _box(self.shape(left)), _box(self.shape(right))
        x = (before["x"] + before["width"] + after["x"]) / 2
        self.drag(_centre(_box(self.selected())), (x, _centre(before)[1]))

    def turn_into(self, kind: str) -> None:
        """Change what the chosen shape is, by its context pad."""
        self.page.locator('.djs-context-pad [data-action="replace"]').click()
        self.page.locator(".djs-popup").get_by_text(kind, exact=True).click()
        expect(self.page.locator(".bio-properties-panel-header-type")).to_have_text(
            kind, ignore_case=True
        )

    def group(self, name: str) -> Locator:
        """Return a group of the properties panel, opened."""
        header = self.page.locator(".bio-properties-panel-group-header").filter(has_text=name)
        group = self.page.locator(".bio-properties-panel-group").filter(has=header)
        if not group.locator(".bio-properties-panel-group-entries.open").count():
            header.click()
        return group

    def expect_saved(self) -> None:
        """Wait until the draft is on the server."""
        expect(self.page.locator(".lw-save")).to_have_attribute("data-state", "saved")

    def expect_findings(self, words: str) -> None:
        """Wait until the check says so: "No problems", "1 error", …"""
        expect(self.page.locator(".lw-findings-count")).to_have_text(words)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press at one point, release at another, by way of points between."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        # The first little way tells the space tool in which direction.
        mouse.move(start[0] + (end[0] - start[0]) / 5, start[1] + (end[1] - start[1]) / 5, steps=3)
        mouse.move(*end, steps=8)
        mouse.move(*end)
        mouse.up()


def open_modeller(page: Page, process_key: str) -> Modeller:
    """Open a process as its page's button does."""
    page.goto(f"/processes/{process_key}")
    page.get_by_role("link", name="Change").click()
    expect(page.locator(".lw-island-modeller")).to_have_attribute("data-island-state", "ready")
    modeller = Modeller(page)
    modeller.expect_findings("No problems")
    return modeller


def _box(shape: Locator) -> dict[str, float]:
    box = shape.bounding_box()
    assert box is not None
    return dict(box)


def _centre(box: dict[str, float]) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

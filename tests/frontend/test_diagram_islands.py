"""The islands `viewer` and `modeller`."""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

NAME_OF_TASK = "Call the client"


def shape(page: Page, element: str):
    return page.locator(f'.djs-shape[data-element-id="{element}"]')


def open_modeller(page: Page) -> None:
    page.goto("/show/modeller")
    expect(page.locator("[data-island]")).to_have_attribute("data-island-state", "ready")


def rename_task(page: Page, name: str = NAME_OF_TASK) -> None:
    shape(page, "Task_Call").dblclick()
    page.locator(".djs-direct-editing-content").fill(name)
    page.keyboard.press("Enter")


def test_viewer_colours_past_and_present_when_history_is_given(page: Page):
    page.goto("/show/viewer")
    expect(shape(page, "Task_Needs")).to_have_class(re.compile("lw-past"))
    expect(shape(page, "Task_Approve")).to_have_class(re.compile("lw-token-on-active"))
    expect(shape(page, "Task_Call")).not_to_have_class(re.compile("lw-past"))
    expect(page.get_by_role("button", name="2 waiting at After 2 days")).to_be_visible()
    failed = page.get_by_role("button", name="failed at Remind the owner: The mail server refused")
    expect(failed).to_be_visible()


def test_viewer_tells_the_element_when_it_is_clicked_or_reached_by_keyboard(page: Page):
    page.goto("/show/viewer")
    expect(page.locator("[data-island]")).to_have_attribute("data-island-state", "ready")
    page.evaluate(
        "document.addEventListener('lanewise:element', (event) => {"
        "document.title = event.detail.element_id; })"
    )
    shape(page, "Task_Call").click()
    expect(page).to_have_title("Task_Call")
    page.get_by_text("The diagram as text").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Task_Remind")


def test_viewer_lays_a_diagram_out_when_it_came_without_a_picture(page: Page):
    page.goto("/show/undrawn")
    expect(page.locator("[data-island]")).to_have_attribute("data-island-state", "ready")
    expect(shape(page, "ask")).to_have_class(re.compile("lw-token-on-active"))
    for flow in ("f1", "f3", "f6", "h2", "mf", "mf2"):
        expect(page.locator(f'.djs-connection[data-element-id="{flow}"]')).to_have_count(1)
    names = ("pa", "pb", "pc", "s", "g", "look")
    boxes = {name: shape(page, name).bounding_box() for name in names}
    assert boxes["s"]["x"] < boxes["g"]["x"]
    assert boxes["pa"]["y"] < boxes["pb"]["y"] < boxes["pc"]["y"] < boxes["look"]["y"]


def test_viewer_marks_the_element_that_the_page_asks_it_to_show(page: Page):
    page.goto("/show/viewer")
    expect(page.locator("[data-island]")).to_have_attribute("data-island-state", "ready")
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('lanewise:show',"
        " {detail: {element_id: 'Task_Call'}}))"
    )
    expect(shape(page, "Task_Call")).to_have_class(re.compile("lw-selected"))
    shape(page, "Task_Needs").click()
    expect(shape(page, "Task_Call")).not_to_have_class(re.compile("lw-selected"))
    expect(shape(page, "Task_Needs")).to_have_class(re.compile("lw-selected"))


def test_draft_is_saved_by_itself_when_something_was_drawn(page: Page, site: Flask):
    open_modeller(page)
    rename_task(page)
    expect(page.get_by_text("Saving…")).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    [draft] = site.config["DRAFTS"]
    assert draft["version"] == 7
    assert f'name="{NAME_OF_TASK}"' in draft["xml"]
    assert page.evaluate("localStorage.getItem('lanewise:draft:/draft')") is None


def test_drawing_is_undone_and_redone_when_the_buttons_are_used(page: Page):
    open_modeller(page)
    rename_task(page)
    expect(shape(page, "Task_Call")).to_contain_text("Call the")
    page.get_by_role("button", name="Undo").click()
    expect(shape(page, "Task_Call")).to_contain_text("Call back")
    page.get_by_role("button", name="Redo").click()
    expect(shape(page, "Task_Call")).to_contain_text("Call the")


def test_copy_can_be_kept_when_somebody_else_saved(page: Page, site: Flask):
    site.config["DRAFT_STATUS"] = 409
    open_modeller(page)
    rename_task(page)
    dialog = page.get_by_role("dialog", name="Somebody else saved this draft")
    expect(dialog).to_contain_text("Grace Hopper saved it at 14:03.")
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="Keep a copy of mine").click()
    assert saved.value.suggested_filename == "deal.bpmn"
    assert NAME_OF_TASK in Path(saved.value.path()).read_text(encoding="utf-8")
    page.get_by_role("button", name="Not saved: changed by somebody else").click()
    dialog.get_by_role("button", name="Load theirs").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(shape(page, "Task_Call")).to_contain_text("Call back")


def test_drawing_is_offered_again_when_the_server_never_got_it(page: Page, site: Flask):
    open_modeller(page)
    page.context.set_offline(True)
    rename_task(page)
    expect(page.get_by_role("button", name="Not saved: retry")).to_be_visible()
    site.config["DRAFT_STATUS"] = 403
    page.context.set_offline(False)
    page.on("dialog", lambda dialog: dialog.accept())
    open_page_again(page)
    page.get_by_role("dialog").get_by_role("button", name="Open them").click()
    expect(shape(page, "Task_Call")).to_contain_text("Call the")
    expect(page.get_by_role("button", name="Not saved: retry")).to_be_visible()
    site.config["DRAFT_STATUS"] = 200
    page.get_by_role("button", name="Not saved: retry").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert NAME_OF_TASK in site.config["DRAFTS"][-1]["xml"]


def open_page_again(page: Page) -> None:
    page.goto("/show/modeller")
    name = "Changes that did not reach the server"
    expect(page.get_by_role("dialog", name=name)).to_be_visible()


def test_finding_is_marked_on_its_shape_and_listed_when_the_check_finds_it(page: Page):
    open_modeller(page)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text(re.compile(r"^1 error, \d+ warnings?$"))).to_be_visible()
    mark = page.get_by_role("button", name="No operation is called “document.make”. Pick a busi")
    mark.first.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("Pick a business step.")
    page.get_by_role("button", name="Error: Make and mail the offer No operation").click()
    expect(shape(page, "Task_Offer")).to_have_class(re.compile("selected"))
    expect(page.get_by_text("The process has no description.")).to_be_visible()


def test_findings_stay_the_same_when_the_check_runs_twice(page: Page):
    open_modeller(page)
    count = page.locator(".lw-findings-count")
    expect(count).to_contain_text("1 error")
    first = count.inner_text()
    with page.expect_response("**/check"):
        page.get_by_role("button", name="Check").click()
    expect(count).to_have_text(first)


def test_new_version_is_deployed_with_its_note_when_the_draft_is_saved(page: Page, site: Flask):
    open_modeller(page)
    rename_task(page)
    page.get_by_role("button", name="Deploy").click()
    page.get_by_label("What changes, and why").fill("Calls instead of waiting")
    page.get_by_role("dialog").get_by_role("button", name="Deploy").click()
    expect(page).to_have_url("/processes")
    assert NAME_OF_TASK in site.config["DRAFTS"][-1]["xml"]
    assert site.config["DEPLOYED"] == {"note": "Calls instead of waiting", "version": 8}


def test_reasons_are_shown_when_the_server_refuses_to_deploy(page: Page, site: Flask):
    site.config["REFUSE"] = True
    open_modeller(page)
    page.get_by_role("button", name="Deploy").click()
    dialog = page.get_by_role("dialog", name="Deploy a new version")
    dialog.get_by_role("button", name="Deploy").click()
    expect(dialog.get_by_role("alert")).to_contain_text("No operation is called “document.make”.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)


def test_business_step_is_filled_in_when_its_template_is_picked(page: Page, site: Flask):
    open_modeller(page)
    shape(page, "Task_Offer").click()
    page.get_by_role("button", name="Select").click()
    page.get_by_text("Open deal").click()
    page.locator(".bio-properties-panel-group-header", has_text="Custom properties").click()
    page.locator(".bio-properties-panel").get_by_label("Title").fill("Offer for the client")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    xml = site.config["DRAFTS"][-1]["xml"]
    assert 'modelerTemplate="lanewise.deal.open"' in xml
    assert 'type="deal.open"' in xml
    assert "Offer for the client" in xml


def test_expression_editor_is_styled_when_it_opens_under_the_policy(page: Page):
    open_modeller(page)
    shape(page, "Flow_9_label").click()
    page.locator(".bio-properties-panel-group-header", has_text="Condition").click()
    editor = page.locator(".bio-properties-panel .cm-editor").first
    expect(editor).to_be_visible()
    expect(editor.locator(".cm-content")).to_have_css("white-space-collapse", "break-spaces")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("5")
    expect(editor).to_contain_text("100005")


def test_picture_has_plain_colours_when_it_is_exported(page: Page):
    open_modeller(page)
    page.get_by_role("button", name="File").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export SVG").click()
    svg = Path(saved.value.path()).read_text(encoding="utf-8")
    assert "Call back" in svg
    assert "var(--" not in svg


def test_diagram_is_replaced_when_a_file_is_imported(page: Page, site: Flask, tmp_path: Path):
    source = (Path(__file__).parent / "deal.bpmn").read_text(encoding="utf-8")
    file = tmp_path / "other.bpmn"
    file.write_text(source.replace("Call back", "Ring back"), encoding="utf-8")
    open_modeller(page)
    import_file(page, file)
    expect(shape(page, "Task_Call")).to_contain_text("Ring back")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert "Ring back" in site.config["DRAFTS"][-1]["xml"]


def test_diagram_stays_when_an_imported_file_is_none(page: Page, tmp_path: Path, site: Flask):
    file = tmp_path / "no.bpmn"
    file.write_text("<html>", encoding="utf-8")
    open_modeller(page)
    import_file(page, file)
    expect(page.locator(".lw-toast")).to_contain_text("This is no BPMN diagram")
    expect(shape(page, "Task_Call")).to_contain_text("Call back")
    assert "DRAFTS" not in site.config


def import_file(page: Page, file: Path) -> None:
    page.get_by_role("button", name="File").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import BPMN…").click()
    chooser.value.set_files(file)


def test_nothing_can_be_changed_when_it_is_read_only(page: Page):
    page.goto("/show/modeller?readonly=1")
    expect(shape(page, "Task_Call")).to_be_visible()
    shape(page, "Task_Call").dblclick()
    expect(page.locator(".djs-direct-editing-content")).to_have_count(0)
    expect(page.locator(".djs-palette")).to_have_count(0)
    expect(page.get_by_role("button", name="Deploy")).to_have_count(0)


def test_tools_for_several_shapes_are_drawn_when_two_are_selected(page: Page):
    open_modeller(page)
    shape(page, "Task_Call").click()
    shape(page, "Task_Offer").click(modifiers=["Shift"])
    page.locator('.djs-context-pad [data-action="align-elements"]').click()
    line = page.locator(".djs-popup .entry svg rect").first
    expect(line).to_have_css("fill", "none")

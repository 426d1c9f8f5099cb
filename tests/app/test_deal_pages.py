"""The board, moves that ask, a deal's people and the pages of pipelines."""

from __future__ import annotations

import re

import pytest

from app.records.deal_page import load_page
from services.actors import SYSTEM
from services.crm.deal_model import Deal
from services.crm.pipelines import all_stages
from services.operations import run


@pytest.fixture
def deal(as_person):
    return as_person("employee", "deal.create", {"name": "Windows", "amount": "100"})


@pytest.fixture
def stages(platform, people):
    """Find the stages by key, as they are when asked."""
    assert people

    def find():
        return platform.transact(SYSTEM, lambda uow: {one.key: one for one in all_stages(uow)})

    return find


@pytest.fixture
def asking(as_person, stages):
    """Let the stage *offer* ask for a field and a confirmation."""
    asked = {"required_fields": ["competitor"], "requirements": ["The budget is known"]}
    arguments = {"stage_id": str(stages()["offer"].id), **asked}
    return as_person("administrator", "stage.update", arguments)


def stored(platform, deal):
    return platform.transact(SYSTEM, lambda uow: uow.get(Deal, deal.id))


def drop(browser, deal, stage, version):
    """Post a move as the board's script does."""
    headers = {"Accept": "application/json", "X-CSRFToken": browser.csrf}
    data = {"stage": stage, "version": version}
    return browser.client.post(f"/deals/{deal.id}/move", data=data, headers=headers)


def test_the_board_shows_cards_with_their_stage_and_sum(browse, deal):
    page = browse("employee").get("/deals/board").text
    assert f'data-deal="{deal.id}"' in page
    assert re.search(r'data-stage="new".*?€100.00', page, re.DOTALL)
    assert "No deals" in page


def test_nothing_tells_of_stages_when_they_are_hidden(browse, deal, as_person, people):
    values = {"permissions": ["record:read", "record:write"], "records": {"*": {"read": "all"}}}
    values["records"]["deal"] = dict.fromkeys(("read", "update"), "all")
    rights = {"deal": {"stage": "hidden"}}
    as_person("administrator", "role.create", {"name": "Clerk", "field_rights": rights, **values})
    as_person("administrator", "user.update", {"user_id": people["desk"], "roles": ["clerk"]})
    sven = browse("desk")
    assert "/deals/board" not in sven.get("/deals").text
    page = sven.get(f"/deals/{deal.id}").text
    assert "Windows" in page
    assert not [sign for sign in ("data-move-card", "lw-stages", "/pipeline") if sign in page]
    for address in ("/deals/board", "/deals/board/new", f"/deals/{deal.id}/move"):
        assert sven.get(address).status_code == 403


def test_the_bar_tells_the_stages_that_a_deal_really_was_in(deal, as_person, platform):
    def bar(uow):
        return {one.value: one.state for one in load_page(uow, uow.get(Deal, deal.id)).stages}

    def move(stage, **told):
        as_person("manager", "deal.move_stage", {"deal_id": str(deal.id), "stage": stage, **told})
        return platform.transact(SYSTEM, bar)

    ahead = dict.fromkeys(("negotiation", "approval", "contract"), "future")
    been = {"new": "past", "needs": "skipped"}
    assert move("offer") == {**been, "offer": "current", **ahead, "won": "future"}
    held = move("on_hold", hold_until="2099-01-01", hold_reason="Budget")
    assert held == {**been, "offer": "paused", **ahead, "won": "future", "on_hold": "hold"}
    assert list(held)[-1] == "on_hold"
    lost = move("lost", reason="Price")
    assert lost == {**been, "offer": "past", **ahead, "lost": "lost"}


@pytest.mark.parametrize(
    ("query", "found"),
    [("owner=me", True), ("q=windows", True), ("q=nothing", False), ("rotting=1", False)],
)
def test_the_board_is_narrowed_by_its_address(browse, deal, query, found):
    assert (str(deal.id) in browse("employee").get(f"/deals/board?{query}").text) is found


def test_a_dropped_card_is_moved(browse, deal, platform):
    assert drop(browse("employee"), deal, "needs", deal.version).json == {"stage": "needs"}
    assert stored(platform, deal).stage == "needs"


def test_a_dropped_card_is_refused_when_somebody_was_quicker(browse, deal, as_person, platform):
    as_person("manager", "deal.move_stage", {"deal_id": str(deal.id), "stage": "contract"})
    answer = drop(browse("employee"), deal, "needs", deal.version)
    assert (answer.status_code, answer.json["code"]) == (409, "stale_version")
    assert stored(platform, deal).stage == "contract"


@pytest.mark.usefixtures("asking")
def test_a_dialog_goes_on_with_what_others_did_meanwhile(browse, deal, as_person, stages, platform):
    anna, url = browse("employee"), f"/deals/{deal.id}/move"
    asked = anna.get(f"{url}?stage=offer").text
    given = {"asked": "competitor", "competitor": "Sol AS", "confirmed": "The budget is known"}
    given |= {"stage": "offer", "version": re.search(r'name="version" value="(\d+)"', asked)[1]}
    as_person("manager", "deal.move_stage", {"deal_id": str(deal.id), "stage": "needs"})
    nothing = {"stage_id": str(stages()["offer"].id), "required_fields": [], "requirements": []}
    as_person("administrator", "stage.update", nothing)
    told = anna.post(url, **given)
    assert (told.status_code, stored(platform, deal).stage) == (409, "needs")
    assert "Maria Holm changed Stage" in told.text
    assert 'value="Sol AS"' in told.text
    given["version"] = re.search(r'name="version" value="(\d+)"', told.text)[1]
    assert anna.post(url, **given).status_code == 302
    moved = stored(platform, deal)
    assert (moved.stage, moved.competitor) == ("offer", "Sol AS")


@pytest.mark.usefixtures("asking")
def test_what_the_stage_wants_is_asked_and_filled_in_when_a_deal_is_moved(browse, deal, platform):
    anna = browse("employee")
    answer = drop(anna, deal, "offer", deal.version)
    assert (answer.status_code, set(answer.json["errors"])) == (422, {"competitor", "confirmed"})
    asked = anna.get(f"/deals/{deal.id}/move?stage=offer").text
    assert 'name="competitor"' in asked
    assert 'value="The budget is known"' in asked
    refused = anna.post(
        f"/deals/{deal.id}/move", stage="offer", version=deal.version, competitor=""
    )
    assert refused.status_code == 422
    assert stored(platform, deal).stage == "new"
    given = {"competitor": "Sol AS", "confirmed": "The budget is known", "version": deal.version}
    done = anna.post(f"/deals/{deal.id}/move", stage="offer", back="/deals/board?owner=me", **given)
    assert done.headers["Location"] == "/deals/board?owner=me"
    moved = stored(platform, deal)
    assert (moved.stage, moved.competitor) == ("offer", "Sol AS")


@pytest.mark.parametrize("back", ["https://evil.example/deals/board", "//evil.example", "/x"])
def test_a_move_leads_nowhere_else_when_its_form_was_forged(browse, deal, back):
    anna = browse("employee")
    anna.get(f"/deals/{deal.id}/move")
    done = anna.post(f"/deals/{deal.id}/move", stage="needs", version=deal.version, back=back)
    assert done.headers["Location"] == f"/deals/{deal.id}"


def test_a_deal_is_lost_and_opened_again_by_its_page(browse, deal, platform):
    anna = browse("employee")
    assert 'name="reason"' in anna.get(f"/deals/{deal.id}/move?to=lost").text
    told = {"reason": "other", "details": "They moved away", "version": deal.version}
    anna.post(f"/deals/{deal.id}/move", stage="lost", **told)
    lost = stored(platform, deal)
    assert (lost.stage, lost.lost_reason) == ("lost", "They moved away")
    assert "Reopen" in anna.get(f"/deals/{deal.id}").text
    assert 'value="new" selected' in anna.get(f"/deals/{deal.id}/move?to=open").text
    anna.post(f"/deals/{deal.id}/move", stage="new", version=lost.version)
    assert stored(platform, deal).closed_at is None


def test_people_take_part_by_the_deals_page(browse, deal, people, as_person):
    anna = browse("employee")
    eva = as_person("employee", "contact.create", {"last_name": "Eva"})
    anna.get(f"/deals/{deal.id}")
    anna.post(f"/deals/{deal.id}/team", user_id=people["desk"], role="Technical")
    anna.post(f"/deals/{deal.id}/contacts", contact_id=str(eva.id), role="Buyer", is_primary="1")
    page = anna.get(f"/deals/{deal.id}").text
    assert "Technical" in page
    assert "Primary" in page
    assert browse("desk").get(f"/deals/{deal.id}").status_code == 200
    anna.post(f"/deals/{deal.id}/team/remove", user_id=people["desk"])
    assert browse("desk").get(f"/deals/{deal.id}").status_code == 404


def test_a_stage_is_changed_by_its_page_with_empty_fields_left_empty(browse, stages):
    olga, needs = browse("administrator"), stages()["needs"]
    url = f"/admin/pipelines/{needs.pipeline_id}/stages/{needs.id}"
    assert olga.get(url).status_code == 200
    blank = dict.fromkeys(("colour", "condition", "condition_message"), "")
    given = {"name": "Wishes", "category": "open", "probability": "25", "rotting_days": "7"}
    lines = {"requirements": "One\n\n Two ", "required_fields": ["amount", "needs"]}
    saved = olga.post(url, version=needs.version, **blank, **given, **lines)
    assert saved.status_code == 302
    changed = stages()["needs"]
    assert (changed.name, changed.rotting_days, changed.colour) == ("Wishes", 7, None)
    assert changed.requirements == ["One", "Two"]
    assert "Amount, Needs, One, Two" in olga.get(f"/admin/pipelines/{needs.pipeline_id}").text
    refused = olga.post(url, version=changed.version, **blank | given | {"condition": "deal."})
    assert (refused.status_code, "can&#39;t be read" in refused.text) == (422, True)


def test_a_stage_keeps_asking_for_a_retired_field_when_its_form_is_saved(browse, stages, as_person):
    given = {"record_type": "deal", "kind": "text", "label": "Floor plan"}
    field = as_person("administrator", "custom_field.create", given)
    wanted = {"stage_id": str(stages()["needs"].id), "required_fields": ["c_floor_plan"]}
    as_person("administrator", "stage.update", wanted)
    as_person("administrator", "custom_field.retire", {"field_id": str(field["id"])})
    olga, needs = browse("administrator"), stages()["needs"]
    url = f"/admin/pipelines/{needs.pipeline_id}/stages/{needs.id}"
    page = olga.get(url).text
    sent = re.findall(r'name="required_fields" value="(\w+)" checked', page)
    assert sent == ["c_floor_plan"]
    form = {"name": "Needs", "category": "open", "required_fields": sent}
    assert olga.post(url, version=needs.version, **form).status_code == 302
    assert stages()["needs"].required_fields == ["c_floor_plan"]


def test_pipelines_and_stages_are_made_moved_and_taken_out_of_use(browse, stages, deal):
    olga = browse("administrator")
    olga.get("/admin/pipelines")
    place = olga.post("/admin/pipelines", name="Service", copy_of="").headers["Location"]
    made = olga.post(f"{place}/stages/new", name="Visit", category="open", probability="30")
    assert made.status_code == 302
    visit = stages()["visit"]
    olga.post(f"{place}/stages/{visit.id}/do/up")
    assert stages()["visit"].position == 1
    olga.post(f"{place}/stages/{visit.id}/do/archive")
    assert stages()["visit"].archived_at is not None
    olga.post(f"{place}/stages/{visit.id}/do/delete")
    assert "visit" not in stages()
    kept = stages()["new"]
    answer = olga.post(f"/admin/pipelines/{kept.pipeline_id}/stages/{kept.id}/do/delete")
    assert answer.status_code == 302
    assert "1 deals are in this stage" in olga.get("/admin/pipelines").text
    assert "new" in stages()


def test_the_list_offers_new_stages_at_once(browse, as_person, stages):
    pipeline = str(stages()["new"].pipeline_id)
    made = {"pipeline_id": pipeline, "name": "Site visit", "probability": 30}
    as_person("administrator", "stage.create", made)
    assert "Site visit" in browse("employee").get("/deals").text


def test_a_stage_that_a_process_names_goes_only_when_that_is_ticked(browse, stages, platform):
    from tests.processes.test_uses import moves  # noqa: PLC0415 - engine's drawings, here alone
    from tests.processes.world import as_file  # noqa: PLC0415

    platform.transact(SYSTEM, lambda uow: run(uow, "process.deploy", {"files": [as_file(moves())]}))
    offer = stages()["offer"]
    url = f"/admin/pipelines/{offer.pipeline_id}/stages/{offer.id}"
    olga = browse("administrator")
    page = olga.get(url).text
    assert "“Process p”, version 1 (in force): Move it" in page
    assert 'href="/processes/p?version=1"' in page
    olga.post(f"{url}/do/archive")
    assert stages()["offer"].archived_at is None
    assert "still named by processes" in olga.get(f"/admin/pipelines/{offer.pipeline_id}").text
    olga.post(f"{url}/do/archive", even_if_used="1")
    assert stages()["offer"].archived_at

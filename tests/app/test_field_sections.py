"""Sections of fields: set up by administrators, shown in forms and on pages."""

from __future__ import annotations

import re

from services.custom.sections import sections_of


def section_of(label):
    return next(one for one in sections_of("deal") if one.label == label)


def part(page, section):
    """Return the mark-up of a section in a form or page."""
    start = page.index(f'id="section-{section.id.hex}"')
    return page[page.rindex("<details", 0, start) : page.index("</details>", start)]


def test_a_form_shows_fields_in_the_sections_that_were_set_up(api, browse):
    olga, anna = browse("administrator"), browse("employee")
    deal = api("employee")("POST", "/deals", {"name": "Doors", "amount": 5}).json
    made = olga.post(
        "/admin/layout/deal/sections/new",
        label="Money",
        is_closed="1",
        field_names=["amount", "currency"],
    )
    assert made.location.endswith("/admin/layout/deal#sections")
    money = section_of("Money")
    assert "Amount, Currency" in olga.get("/admin/layout/deal").text
    olga.post(f"/admin/layout/sections/{money.id}/order", name="currency", direction="up")
    assert section_of("Money").names == ("currency", "amount")
    place = f"/deals/{deal['id']}/edit"
    shown = part(anna.get(place).text, money)
    assert "open" not in shown.partition(">")[0]
    assert re.findall(r'name="(currency|amount)"', shown) == ["currency", "amount"]
    # What was refused in a closed section opens it.
    refused = anna.post(place, version=str(deal["version"]), amount="much").text
    assert " open" in part(refused, money).partition(">")[0]
    assert "<dt>Amount</dt>" in part(anna.get(f"/deals/{deal['id']}").text, money)
    # Links to each stand on top of many.
    assert "lw-jumps" not in anna.get(place).text
    for label, name in (("A", "needs"), ("B", "lost_reason"), ("C", "expected_close_on")):
        given = {"record_type": "deal", "label": label, "field_names": [name]}
        answer = api("administrator")("POST", "/operations/field_section.create", given)
        assert answer.status_code < 300, answer.text
    assert "lw-jumps" in anna.get(f"/deals/{deal['id']}").text
    told = api("employee")("GET", "/record-types/deal").json["sections"]
    assert told[0]["field_names"] == ["currency", "amount"]


def test_a_new_field_stands_in_the_section_that_was_chosen_for_it(browse):
    olga = browse("administrator")
    olga.post("/admin/layout/deal/sections/new", label="Money")
    key = str(section_of("Money").id)
    assert f'<option value="{key}">Money' in olga.get("/admin/layout/deal/new?kind=text").text
    olga.post("/admin/layout/deal/new", kind="text", label="Budget", section_id=key)
    assert section_of("Money").names == ("c_budget",)


def test_both_changes_stay_when_two_change_one_section(browse):
    olga = browse("administrator")
    olga.post("/admin/layout/deal/sections/new", label="Money", field_names=["amount"])
    place = f"/admin/layout/sections/{section_of('Money').id}"
    page = olga.get(place).text
    version = re.search(r'name="version" value="(\d+)"', page).group(1)
    seen = '{"label": "Money", "is_closed": "", "field_names": "[\\"amount\\"]"}'
    olga.post(place, version=version, seen=seen, label="Price", field_names=["currency"])
    told = olga.post(place, version=version, seen=seen, label="Money", field_names=["needs"]).text
    assert 'value="Price"' in told
    assert "Saved now: Currency" in told

"""Two people who change the same thing by its form at once: nothing of either is lost."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from services.actors import SYSTEM
from services.crm.pipelines import all_stages


@pytest.fixture
def address_of(platform, people, browse):
    """Return the address of a form by what it is about."""

    def find(subject: str) -> str:
        olga = browse("administrator")
        if subject == "stage":
            stages = platform.transact(SYSTEM, all_stages)
            [stage] = [one for one in stages if one.key == "needs"]
            return f"/admin/pipelines/{stage.pipeline_id}/stages/{stage.id}"
        if subject == "field":
            address = "/admin/layout/deal/new?kind=choice"
            olga.get(address)
            given = {"choices.0.label": "Low", "choices.1.label": "High"}
            olga.post(address, kind="choice", label="Risk", **given)
            page = html.fromstring(olga.get("/admin/layout/deal").text)
            return page.xpath('//a[contains(@href, "/layout/fields/")]/@href')[0]
        if subject == "role":
            olga.get("/admin/roles/new")
            olga.post("/admin/roles/new", name="Clerk")
            return "/admin/roles/clerk"
        if subject == "group":
            page = html.fromstring(olga.get("/admin/people").text)
            return page.xpath('//a[contains(@href, "/groups/")][.="Sales"]/@href')[0]
        if subject == "person":
            return f"/admin/people/{people['employee']}"
        address = "/sales/organization"
        began = filled_in(olga.get(address).text, address)
        olga.post(address, **{**began, "terms": "Six weeks.\nAt one address."})
        return address

    return find


def filled_in(page: str, address: str) -> dict[str, Any]:
    """Return what the form that is sent to ``address`` holds, as a browser would send it."""
    [form] = html.fromstring(page).xpath(f'//form[@action="{address}"]')
    sent: dict[str, list[str]] = {}
    for name, value in form.form_values():
        text = "" if value == "on" else value  # which is how lxml reads an empty choice
        sent.setdefault(name, []).append(text.replace("\n", "\r\n"))
    return {name: values if len(values) > 1 else values[0] for name, values in sent.items()}


@pytest.mark.parametrize(
    ("subject", "theirs", "mine", "both", "told"),
    [
        (
            "stage",
            {"probability": "35", "required_fields": ["amount"]},
            {"colour": "#112233", "probability": "40", "required_fields": ["needs"]},
            {"colour": "#112233", "probability": "40", "required_fields": ["amount", "needs"]},
            "Saved now: 35",
        ),
        (
            "field",
            {"choices.1.label": "Very high", "is_required": "1"},
            {"hint": "How sure", "label": "Chance"},
            {"hint": "How sure", "choices.1.label": "Very high", "is_required": "1"},
            "",
        ),
        (
            "field",
            {"choices.1.label": "Very high"},
            {"choices.1.label": "Extreme"},
            {"choices.1.label": "Extreme"},
            "Saved now: Low, Very high",
        ),
        (
            "role",
            {"permissions": "task:work", "scope:deal:read": "all", "field:deal:needs": "hidden"},
            {"permissions": "mail:send", "name": "Typist"},
            {
                "name": "Typist",
                "permissions": ["mail:send", "task:work"],
                "scope:deal:read": "all",
                "field:deal:needs": "hidden",
            },
            "",
        ),
        (
            "role",
            {"scope:deal:read": "all", "field:deal:needs": "hidden"},
            {"field:deal:needs": "read", "field:deal:amount": "hidden"},
            {
                "scope:deal:read": "all",
                "field:deal:needs": "read",
                "field:deal:amount": "hidden",
            },
            "Saved now: Hidden",
        ),
        (
            "person",
            {"scope": "all", "name": "Anna One", "groups": ["Sales", "Service"]},
            {"email": "ann@x.example", "name": "Anna Two", "groups": ["Sales", "Managers"]},
            {"scope": "all", "name": "Anna Two", "groups": ["Managers", "Sales", "Service"]},
            "Saved now: Anna One",
        ),
        (
            "group",
            {"members": [], "name": "Selling"},
            {"name": "Sellers"},
            {"name": "Sellers", "members": None},
            "Saved now: Selling",
        ),
        (
            "organization",
            {"phone": "+4755000000", "bank": "NO 1", "terms": "Four weeks."},
            {"bank": "NO 2"},
            {"phone": "+4755000000", "bank": "NO 2", "terms": "Four weeks."},
            "Saved now: NO 1",
        ),
    ],
)
def test_what_both_changed_stands_when_two_send_one_form(  # noqa: PLR0917 - one row a table
    address_of, browse, subject, theirs, mine, both, told
):
    address, olga = address_of(subject), browse("administrator")
    one, other = (filled_in(olga.get(address).text, address) for _ in range(2))
    assert olga.post(address, **{**one, **theirs}).status_code == 302

    refused = olga.post(address, **{**other, **mine})
    assert refused.status_code == 409
    assert told in refused.text
    assert 'role="alert"' in refused.text
    assert refused.text.count("Saved now:") == bool(told)

    again = filled_in(refused.text, address)
    assert olga.post(address, **again).status_code == 302
    stands = filled_in(olga.get(address).text, address)
    assert both.items() <= {**dict.fromkeys(both), **stands}.items()


def test_both_changes_count_when_two_choose_the_members_of_one_group(
    address_of, browse, people, platform
):
    address, olga = address_of("group"), browse("administrator")
    one, other = (filled_in(olga.get(address).text, address) for _ in range(2))
    there, desk = one["members"], str(people["desk"])
    assert len(there) > 1
    assert olga.post(address, **{**one, "members": there[1:]}).status_code == 302
    assert olga.post(address, **{**other, "members": [*there, desk]}).status_code == 302
    stands = filled_in(olga.get(address).text, address)["members"]
    assert sorted(stands) == sorted([*there[1:], desk])


def test_a_form_refused_for_another_reason_takes_nothing_back(browse, as_person):
    deal = as_person("employee", "deal.create", {"name": "Doors"})
    address, anna = f"/deals/{deal.id}/edit", browse("employee")
    began = filled_in(anna.get(address).text, address)
    as_person("employee", "deal.update", {"deal_id": deal.id, "needs": "Two\nwings"})

    wrong = anna.post(address, **{**began, "expected_close_on": "soon"})
    assert wrong.status_code == 422
    late = anna.post(
        address, **filled_in(wrong.text, address) | {"expected_close_on": "2026-05-01"}
    )
    assert late.status_code == 409
    assert anna.post(address, **filled_in(late.text, address)).status_code == 302
    stands = filled_in(anna.get(address).text, address)
    assert (stands["needs"], stands["expected_close_on"]) == ("Two\r\nwings", "2026-05-01")

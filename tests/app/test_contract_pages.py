"""Contracts and subscriptions in the browser: from the form to the month's revenue."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def account(as_person):
    return str(as_person("employee", "account.create", {"name": "Nordlys"}).id)


def test_a_contract_is_made_put_into_force_and_cancelled(browse, account):
    anna = browse("employee")
    anna.get("/contracts/new")
    term = {"starts_on": "2026-01-01", "ends_on": "2026-12-31", "renewal_months": "12"}
    made = anna.post("/contracts/new", title="Upkeep", account_id=account, notice_count="3", **term)
    page = made.headers["Location"]
    anna.post(f"{page}/do/activate")
    shown = anna.get(page).text
    assert "renews by 12 months" in shown
    assert "Notice given today allows 31 Dec 2026 at the earliest." in shown
    anna.post(f"{page}/do/cancel", reason="Too dear", ends_on="2026-06-30")
    assert "The earliest day is 31 Dec 2026." in anna.get(page).text
    anna.post(f"{page}/do/cancel", reason="Too dear", ends_on="2026-12-31")
    assert "It is in force until 31 Dec 2026. Too dear" in anna.get(page).text
    anna.post(f"{page}/do/keep")
    assert "It is in force until" not in anna.get(page).text


def test_quantities_are_tried_and_changed_and_revenue_is_shown(browse, account, as_person):
    line = {"title": "Licence", "quantity": 2, "unit_price": "31"}
    given = {"title": "Support", "account_id": account, "starts_on": "2026-03-01", "lines": [line]}
    key = str(as_person("employee", "subscription.create", given).id)
    anna = browse("employee")
    assert "Nothing comes in again and again yet" in anna.get("/recurring").text
    page = f"/subscriptions/{key}"
    anna.get(page)
    anna.post(f"{page}/do/activate", invoice_from="")
    anna.get(page)
    anna.post(f"{page}/do/invoice")
    form = anna.get(f"{page}/change").text
    typed = {
        "version": re.search(r'name="version" value="(\d+)"', form).group(1),
        "quantity.1": "3",
    }
    tried = anna.post(f"{page}/change", **{"try": "1"}, **typed).text
    assert "Licence, 3 instead of 2" in tried
    assert "€30.00" in tried  # 30 of 31 days from 2 March on
    assert "€62.00" in anna.get("/recurring").text
    refused = anna.post(f"{page}/change", **typed | {"quantity.1": "many"})
    assert (refused.status_code, 'value="many"' in refused.text) == (422, True)
    assert anna.post(f"{page}/change", **typed).headers["Location"] == page
    assert "€93.00" in anna.get("/recurring").text
    assert "€93.00" in anna.get(f"/recurring/accounts/{account}").text


def test_a_won_deal_offers_a_contract(browse, account, as_person):
    deal = as_person("employee", "deal.create", {"name": "Windows", "account_id": account})
    anna = browse("employee")
    assert "Make contract" not in anna.get(f"/deals/{deal.id}").text
    as_person("employee", "deal.move_stage", {"deal_id": str(deal.id), "stage": "won"})
    assert "Make contract" in anna.get(f"/deals/{deal.id}").text
    anna.post(f"/deals/{deal.id}/do/contract")
    assert "C-2026-00001" in anna.get(f"/deals/{deal.id}").text


@pytest.mark.parametrize("kind", ["contract", "subscription"])
def test_a_draft_gets_its_lines_on_a_form(browse, account, as_person, kind):
    given = {"title": "Support", "account_id": account, "starts_on": "2026-03-01"}
    page = f"/{kind}s/{as_person('employee', f'{kind}.create', given).id}"
    anna = browse("employee")
    assert f'href="{page}/lines"' in anna.get(page).text
    form = anna.get(f"{page}/lines").text
    version = re.search(r'name="version" value="(\d+)"', form).group(1)
    line = {"at": "", "product": "", "title": "Licence", "quantity": "2", "unit": ""}
    line |= {"unit_price": "31", "discount_percent": "", "tax_category": "S", "tax_percent": "0"}
    assert anna.post(f"{page}/lines", version=version, **line).headers["Location"] == page
    assert "€62.00" in anna.get(page).text


def test_quantities_are_changed_after_a_conflict_and_large_ones_stay(browse, account, as_person):
    line = {"title": "Calls", "quantity": "1234567.5", "unit_price": "0"}
    given = {"title": "S", "account_id": account, "starts_on": "2026-01-01", "lines": [line]}
    key = str(as_person("employee", "subscription.create", given).id)
    as_person("employee", "subscription.activate", {"subscription_id": key})
    page, anna = f"/subscriptions/{key}/change", browse("employee")
    form = anna.get(page).text
    shown = re.search(r'name="quantity.1" value="([^"]+)"', form).group(1)
    assert shown == "1234567.5"
    assert anna.post(page, version="1", **{"quantity.1": shown}).status_code == 302
    late = anna.post(page, version="1", **{"quantity.1": "1,5"})
    assert late.status_code == 409
    version = re.search(r'name="version" value="(\d+)"', late.text).group(1)
    assert anna.post(page, version=version, **{"quantity.1": "1,5"}).status_code == 302
    assert '<td data-label="Quantity" class="num">1.5' in anna.get(f"/subscriptions/{key}").text

"""Lists, pages and forms of records."""

from __future__ import annotations

import html
import json
import re

import pytest

from app.layout import web_address
from app.records.kinds import KINDS
from app.records.pages import steps
from services.actors import SYSTEM, Permission
from services.operations import run

HIDDEN = "01890000-0000-7000-8000-000000000000"
NEEDED = {
    "activity": {"kind": "call"},
    "request": {"priority": "normal"},
    "segment": {"of_type": "contact"},
    "goal": {
        "metric": "won_count",
        "period": "month",
        "starts_on": "2026-03-01",
        "target": "5",
    },
}
"""What the short form of a type needs besides what all need."""


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.place)
def test_an_empty_list_says_so_and_offers_a_new_one(browse, kind):
    page = browse(_who_writes(kind)).get(f"/{kind.place}")
    assert f"No {kind.type.plural.lower()} yet" in page.text
    assert f'href="/{kind.place}/new"' in page.text


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.place)
def test_a_record_is_made_by_its_short_form_and_shown(browse, kind, as_person):
    browser = browse(_who_writes(kind))
    form = browser.get(f"/{kind.place}/new")
    names = set(re.findall(r'name="(\w+)"', form.text)) & set(kind.create_fields)
    assert names == set(kind.create_fields)
    title = kind.type.title_field if kind.type.title_field in names else "last_name"
    needed = {
        "type": "question",
        "code": "G-1",
        "currency": "NOK",
    }
    needed |= NEEDED.get(kind.record_type, {})
    if "account_id" in kind.type.required:
        needed["account_id"] = str(as_person("employee", "account.create", {"name": "Nordlys"}).id)
    given = {name: value for name, value in needed.items() if name in names}
    made = browser.post(f"/{kind.place}/new", **{title: "Grieg"}, **given)
    assert made.status_code == 302, made.text
    page = browser.get(made.headers["Location"])
    assert "Grieg" in page.text
    assert "Grieg" in browser.get(f"/{kind.place}").text


def _who_writes(kind) -> str:
    return "employee" if kind.write is Permission.RECORD_WRITE else "administrator"


def test_the_catalogue_is_read_but_not_changed_by_employees(browse):
    anna = browse("employee")
    assert 'href="/products/new"' not in anna.get("/products").text
    assert anna.get("/products/new").status_code == 403


def test_what_was_typed_stays_when_a_field_is_wrong(browse):
    response = browse("employee").post("/leads/new", name="", company="Fjord Hotell", email="no")
    assert response.status_code == 422
    assert 'value="Fjord Hotell"' in response.text
    assert response.text.count('aria-invalid="true"') == 2


def test_a_list_shows_only_what_one_may_see(browse, lead_of):
    lead_of("employee", name="Ours")
    lead_of("desk", name="Theirs")
    assert "Theirs" not in browse("employee").get("/leads").text
    assert "Theirs" in browse("manager").get("/leads").text


def test_a_list_is_searched_narrowed_and_sorted_by_its_address(browse, lead_of):
    for name in ("Berit", "Astrid", "Cecilie"):
        lead_of("employee", name=name)
    browser = browse("employee")
    assert names_in(browser.get("/leads?q=astri")) == ["Astrid"]
    assert names_in(browser.get("/leads?sort=name")) == ["Astrid", "Berit", "Cecilie"]
    assert names_in(browser.get("/leads?sort=-name")) == ["Cecilie", "Berit", "Astrid"]
    assert names_in(browser.get("/leads?status=qualified")) == []


def test_mine_is_what_i_own(browse, lead_of):
    lead_of("employee", name="Mine")
    lead_of("colleague", name="Boris's")
    browser = browse("manager")
    assert names_in(browser.get("/leads?owner=me")) == []
    assert sorted(names_in(browser.get("/leads"))) == ["Boris's", "Mine"]


def test_pages_of_a_long_list_follow_one_another(browse, lead_of):
    for number in range(51):
        lead_of("employee", name=f"Lead {number:02}")
    browser = browse("employee")
    first = browser.get("/leads?sort=name")
    after = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = browser.get(after)
    assert names_in(second) == ["Lead 50"]
    before = re.search(r'rel="prev" href="([^"]+)"', second.text)[1].replace("&amp;", "&")
    assert names_in(browser.get(before)) == names_in(first)


def names_in(page):
    return re.findall(r"data-row-link>([^<]+)<", page.text.replace("&#39;", "'"))


def test_an_edit_changes_only_what_was_changed(platform, browse, lead_of):
    key = lead_of("employee", company="Fjord Hotell", phone="+4791122333")
    browser = browse("employee")
    form = browser.get(f"/leads/{key}/edit")
    version = re.search(r'name="version" value="(\d+)"', form.text)[1]
    saved = browser.post(
        f"/leads/{key}/edit", version=version, name="Kari Nordmann", company="Fjord Hotell AS"
    )
    assert saved.headers["Location"] == f"/leads/{key}"
    page = browser.get(f"/leads/{key}").text
    assert "Fjord Hotell AS" in page
    assert "+4791122333" in page


def test_an_edit_of_what_somebody_changed_shows_both(browse, lead_of, as_person):
    key = lead_of("employee", company="Old")
    as_person("employee", "lead.update", {"lead_id": key, "company": "Theirs"})
    response = browse("employee").post(
        f"/leads/{key}/edit", version="1", name="Kari Nordmann", company="Mine"
    )
    assert response.status_code == 409
    assert 'value="Mine"' in response.text
    assert "Saved now: Theirs" in response.text


def test_an_edit_keeps_theirs_where_i_changed_nothing(browse, lead_of, as_person):
    key = lead_of("employee", company="Old", phone="+4791122333")
    browser = browse("employee")
    form = browser.get(f"/leads/{key}/edit").text
    seen = html.unescape(re.search(r'name="seen" value="([^"]*)"', form)[1])
    typed = {**json.loads(seen), "phone": "+4792233444"}
    as_person("employee", "lead.update", {"lead_id": key, "company": "Theirs"})
    shown = browser.post(f"/leads/{key}/edit", version="1", seen=seen, **typed).text
    assert 'value="Theirs"' in shown
    assert 'value="+4792233444"' in shown
    assert "Saved now: Theirs" not in shown


@pytest.mark.parametrize(("rate", "convert", "amount"), [("0.1", "true", 100), ("", "false", 10)])
def test_an_edit_asks_what_becomes_of_an_amount_when_its_currency_changes(
    browse, as_person, rate, convert, amount
):
    deal = as_person("employee", "deal.create", {"name": "Windows", "amount": 10})
    if rate:
        given = {"currency": "NOK", "valid_from": "2020-01-01", "rate": rate}
        as_person("administrator", "currency.set_rate", given)
    browser, about = browse("employee"), {"version": "1", "currency": "NOK"}
    asked = browser.post(f"/deals/{deal.id}/edit", **about)
    assert asked.status_code == 422
    assert ("1 EUR is 10 NOK" in asked.text) is bool(rate)
    assert ("There is no exchange rate for NOK" in asked.text) is not bool(rate)
    browser.post(f"/deals/{deal.id}/edit", convert=convert, **about)
    deal = as_person("employee", "deal.update", {"deal_id": deal.id})
    assert (deal.currency, deal.amount) == ("NOK", amount)


def test_times_are_typed_in_the_zone_of_the_installation(platform_with, browse, lead_of, app):
    key = lead_of("employee")
    browser = browse("employee")
    assert "Time in UTC" in browser.get(f"/leads/{key}/edit").text
    browser.post(f"/leads/{key}/edit", name="Kari Nordmann", due_at="2026-03-05T14:39")
    assert '<time datetime="2026-03-05T14:39:00Z"' in browser.get(f"/leads/{key}").text
    assert 'value="2026-03-05T14:39"' in browser.get(f"/leads/{key}/edit").text


def test_times_are_typed_in_the_zone_that_the_browser_told(browse, lead_of):
    key, browser = lead_of("employee"), browse("employee")
    browser.client.set_cookie("zone", "Europe/Oslo")
    assert "Time in" not in browser.get(f"/leads/{key}/edit").text
    browser.post(f"/leads/{key}/edit", name="Kari Nordmann", due_at="2026-07-05T14:39")
    assert '<time datetime="2026-07-05T12:39:00Z"' in browser.get(f"/leads/{key}").text
    assert 'value="2026-07-05T14:39"' in browser.get(f"/leads/{key}/edit").text


@pytest.mark.parametrize(
    ("told", "shown"), [("Asia/Tokyo", "2026-07-05T05:39"), ("Nowhere/At_all", "2026-07-05T14:39")]
)
def test_a_form_keeps_its_zone_when_the_browser_has_moved(browse, lead_of, told, shown):
    key, browser = lead_of("employee"), browse("employee")
    browser.client.set_cookie("zone", "America/New_York")
    due = {"due_at": "2026-07-05T14:39", "_zone": told}
    browser.post(f"/leads/{key}/edit", name="Kari Nordmann", **due)
    browser.client.set_cookie("zone", "UTC" if told == "Asia/Tokyo" else "America/New_York")
    assert f'value="{shown}"' in browser.get(f"/leads/{key}/edit").text


def test_a_related_record_is_found_by_its_name(browse, as_person):
    as_person("employee", "account.create", {"name": "Nordlys Bygg"})
    as_person("desk", "account.create", {"name": "Nordlys Skole"})
    offers = browse("employee").get("/pick/account?name=account_id&pick=nordl").text
    assert 'name="account_id"' in offers
    assert "Nordlys Bygg" in offers
    assert "Nordlys Skole" not in offers


def test_a_new_record_begins_with_what_its_address_says(browse, as_person):
    account = as_person("employee", "account.create", {"name": "Nordlys Bygg"})
    page = browse("employee").get(f"/deals/new?account_id={account.id}").text
    assert f'value="{account.id}" checked' in page


def test_an_account_shows_what_belongs_to_it(browse, as_person):
    account = as_person("employee", "account.create", {"name": "Nordlys Bygg"})
    for record, title in (("contact", "last_name"), ("deal", "name"), ("request", "subject")):
        arguments = {title: f"The {record}", "account_id": str(account.id)}
        as_person("employee", f"{record}.create", arguments)
    page = browse("employee").get(f"/accounts/{account.id}").text
    assert all(f"The {record}" in page for record in ("contact", "deal", "request"))


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://nordlys.example/en", "https://nordlys.example/en"),
        ("www.nordlys.example:8080/a?b", "https://www.nordlys.example:8080/a?b"),
        ("javascript:alert(1)//nordlys.example", None),
        ("javascript://nordlys.example/%0aalert(1)", None),
        ("eva@nordlys.example", None),
        ("not known yet", None),
    ],
)
def test_a_website_is_a_link_when_it_is_an_address_of_the_web(typed, address):
    assert web_address(typed) == address


def test_a_lead_is_converted_from_its_page(browse, lead_of):
    key = lead_of("employee", company="Fjord Hotell", email="kari@fjord.example")
    browser = browse("employee")
    page = browser.get(f"/leads/{key}/convert").text
    assert "New account “Fjord Hotell”" in page
    chosen = {"account_id": "", "contact_id": "", "with_deal": "1", "amount": "1 200,50"}
    answer = browser.post(f"/leads/{key}/convert", **chosen)
    deal = browser.get(answer.headers["Location"]).text
    assert "The lead is converted." in deal
    assert "1,200.50" in deal
    assert "Convert</a>" not in browser.get(f"/leads/{key}").text


def test_what_is_there_is_offered_when_a_lead_is_converted(browse, lead_of, as_person):
    account = as_person("employee", "account.create", {"name": "Fjord Hotell AS"})
    key = lead_of("employee", company="Fjord Hotell AS", email="kari@fjord.example")
    browser = browse("employee")
    assert f'value="{account.id}" checked' in browser.get(f"/leads/{key}/convert").text
    chosen = {"account_id": str(account.id), "contact_id": "", "amount": "much", "with_deal": "1"}
    again = browser.post(f"/leads/{key}/convert", **chosen)
    assert (again.status_code, f'value="{account.id}" checked' in again.text) == (422, True)
    answer = browser.post(f"/leads/{key}/convert", account_id=str(account.id), contact_id="")
    assert answer.headers["Location"].startswith("/contacts/")


def test_an_action_that_is_refused_says_why_on_the_page(browse, lead_of):
    key = lead_of("employee")
    browser = browse("employee")
    browser.post(f"/leads/{key}/do/work-out", reason="")
    assert "Please fill this in." in browser.get(f"/leads/{key}").text


def test_an_unknown_action_is_not_found(browse, lead_of):
    key = lead_of("employee")
    browser = browse("employee")
    assert browser.post(f"/leads/{key}/do/delete").status_code == 404
    assert browser.post(f"/leads/{key}/step", step="working").status_code == 404


def test_a_deal_is_moved_to_another_stage(browse, as_person):
    deal = as_person("employee", "deal.create", {"name": "Windows"})
    browser = browse("employee")
    browser.post(f"/deals/{deal.id}/step", step="offer")
    page = browser.get(f"/deals/{deal.id}").text
    assert re.search(r'aria-current="step">\s*<span[^>]*>Offer', page)


def test_a_note_stands_on_the_timeline_as_text(browse, lead_of):
    key = lead_of("employee")
    browser = browse("employee")
    browser.post(f"/leads/{key}/notes", text="Call <b>Kari</b>")
    assert "Call &lt;b&gt;Kari&lt;/b&gt;" in browser.get(f"/leads/{key}").text


def test_older_entries_of_the_timeline_are_appended(browse, lead_of):
    key = lead_of("employee")
    browser = browse("employee")
    for number in range(31):
        browser.post(f"/leads/{key}/notes", text=f"Note {number:02}")
    page = browser.get(f"/leads/{key}").text
    more = re.search(r'hx-get="([^"]+/timeline[^"]+)"', page)[1]
    older = browser.get(more.replace("&amp;", "&")).text
    assert "Note 30" in page
    assert "Note 00" not in page
    assert "Note 00" in older
    assert "Note 30" not in older


def test_a_record_is_assigned_to_a_person_and_to_a_group(browse, lead_of, people):
    key = lead_of("employee")
    browser = browse("manager")
    browser.post(f"/leads/{key}/owner", to=f"user:{people['desk']}")
    assert "Sven Aydin" in browser.get("/leads").text
    browser.post(f"/leads/{key}/owner", to="group:Managers")
    assert "Sven Aydin" not in browser.get("/leads").text


def test_a_document_is_made_and_downloaded_as_an_attachment(browse, as_person):
    deal = as_person("employee", "deal.create", {"name": "Windows"})
    browser = browse("employee")
    browser.post(f"/deals/{deal.id}/documents", template="offer")
    page = browser.get(f"/deals/{deal.id}").text
    url = re.search(r'href="(/documents/[^"]+)"', page)[1]
    document = browser.get(url)
    assert document.data.startswith(b"%PDF")
    assert document.headers["Content-Disposition"].startswith("attachment")
    assert document.headers["X-Content-Type-Options"] == "nosniff"
    assert browse("desk").get(url).status_code == 404


def test_a_mail_is_sent_from_the_record_s_page(platform, browse, lead_of):
    key = lead_of("employee", email="kari@fjord.example")
    browser = browse("employee")
    browser.post(f"/leads/{key}/mails", to="kari@fjord.example", subject="Hello", body="Dear Kari")
    assert "Hello" in browser.get(f"/leads/{key}").text


def test_the_bar_shows_one_end_only():
    kind = KINDS["deal"]
    assert [step.value for step in steps(kind, "offer")][-1] == "won"
    lost = steps(kind, "lost")
    assert (lost[-1].value, lost[-1].state) == ("lost", "lost")
    assert "won" not in [step.value for step in lost]


def test_a_person_who_may_not_write_sees_no_buttons_that_do(browse, platform):
    lead = platform.transact(SYSTEM, lambda uow: run(uow, "lead.create", {"name": "Kari"}))
    browser = browse("analyst")
    assert "New lead" not in browser.get("/leads").text
    assert "/edit" not in browser.get(f"/leads/{lead.id}").text


def test_a_record_s_page_shows_its_processes_and_what_becomes_of_them(browse, lead_of, platform):
    from tests.processes.world import as_file, one_task, with_properties  # noqa: PLC0415

    key = lead_of("employee")
    files = [as_file(with_properties(one_task(), "lead"))]

    def work(uow):
        run(uow, "process.deploy", {"files": files})
        run(uow, "instance.start", {"process_key": "p", "record_id": key})

    platform.transact(SYSTEM, work)
    anna = browse("employee")
    page = anna.get(f"/leads/{key}").text
    assert 'data-island="viewer"' in page
    assert "/tasks/" in page
    assert "1 process runs for this lead; it will be cancelled:" in page
    anna.post(f"/leads/{key}/delete")
    assert "1 process that ran for it was cancelled." in anna.get("/leads/bin").text
    anna.post(f"/leads/{key}/restore")
    page = anna.get(f"/leads/{key}").text
    assert "stays cancelled" in page
    assert "it will be cancelled" not in page


def test_a_record_is_deleted_and_restored_from_the_bin(browse, lead_of):
    anna = browse("employee")
    key = lead_of("employee", name="Eva")
    deleted = anna.post(f"/leads/{key}/delete")
    assert deleted.headers["Location"] == "/leads"
    assert anna.get(f"/leads/{key}").status_code == 404
    bin_page = anna.get("/leads/bin").text
    assert "Eva" in bin_page
    assert "Anna Berg" in bin_page
    assert anna.post(f"/leads/{key}/restore").headers["Location"] == f"/leads/{key}"
    assert anna.get(f"/leads/{key}").status_code == 200
    assert anna.post(f"/leads/{key}/restore").status_code == 404
    assert "The bin is empty" in anna.get("/leads/bin").text

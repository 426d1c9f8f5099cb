"""Records that are there twice: found while typing, and by the scan."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import select

from services.crm.account_model import Account
from services.duplicates.comparing import similarity
from services.duplicates.dismissing import dismissals_of
from services.duplicates.finding import find_duplicates
from services.duplicates.pairs import list_pairs
from services.duplicates.scans import list_scans, run_scan
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.records.folding import fold, match_key


def _found(staff, record_type, actor="maria", **values):
    matches = staff.ask(find_duplicates, record_type, values, actor=actor)
    return [(match.record.name, match.score, match.reasons) for match in matches]


def _scan(staff, record_type):
    """Run a scan to its end."""
    scan_id = staff.do("duplicates.scan", "olga", record_type=record_type)["scan_id"]
    for _ in range(50):
        run_scan(staff.platform, scan_id=str(scan_id))
        (scan, *_rest) = staff.ask(list_scans)
        if scan.ended_at is not None:
            return scan
    raise AssertionError("the scan does not end")


def _names(staff, record_type, actor="maria"):
    pairs = staff.ask(list_pairs, record_type, actor=actor).items
    return {frozenset((pair.first.name, pair.second.name)): pair.reason for pair in pairs}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "MULLER"),
        ("Ærø Østgård", "aero ostgard"),
        ("IŞIK Yılmaz", "ışık YILMAZ"),  # noqa: RUF001 - Turkish
        ("Straße", "STRASSE"),
        ("Батбаяр  Дорж", "батбаяр дорж"),
        ("محمد", "محمد"),
    ],
)
def test_texts_fold_to_the_same_when_they_differ_in_case_and_accents(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nordlys AS", "nordlys"),
        ("Berg Anna", "Anna Berg"),
        ("Anna M. Berg", "Anna Berg"),
        ("Nordlys Vinduer GmbH", "Nordlys-Vinduer"),
        ("Рога и Копыта ООО", "Рога и копыта"),  # noqa: RUF001 - Russian
        ("Jürgen Müller", "Juergen Mueller"),
        ("Jörg Bär", "Jorg Baer"),
        ("Aage Groß", "Åge Gross"),
        ("Siân O'Brien", "Sian OBrien"),
    ],
)
def test_names_have_a_key_in_common_when_they_may_be_the_same(one, other):
    assert match_key(one) == match_key(other)
    assert similarity(one, other) >= 88


@pytest.mark.parametrize("name", ["", " ", "-", "A", "AS", "🪟"])
def test_any_name_has_a_key(name):
    assert isinstance(match_key(name), str)


def test_a_double_is_found_by_what_is_exact_however_it_is_written(staff):
    staff.do("contact.create", "anna", last_name="Berg", email="eva@nordlys.example")
    staff.do("contact.create", "anna", last_name="Moen", phone="+47 22 33 44 55")
    assert _found(staff, "contact", email=" EVA@Nordlys.example") == [
        ("Berg", 100, ("same e-mail",))
    ]
    assert _found(staff, "contact", phone="0047 22334455") == [("Moen", 100, ("same phone",))]
    assert _found(staff, "contact", phone="12", email="eva@") == []


def test_a_double_is_found_by_a_similar_name(staff):
    staff.do("account.create", "anna", name="Nordlys Vinduer AS", city="Oslo")
    assert _found(staff, "account", name="nordlys vinduer") == [
        ("Nordlys Vinduer AS", 99, ("similar name",))
    ]
    assert _found(staff, "account", name="Nordlys Vindur", city="Oslo")[0][1] >= 88
    assert _found(staff, "account", name="Nordlys Vinduer", city="Bergen") == []
    assert _found(staff, "account", name="Sydlys Vinduer") == []


def test_names_are_not_similar_when_their_numbers_differ(staff):
    staff.do("account.create", "anna", name="Werkstatt Oslo 10")
    staff.do("account.create", "anna", name="Plant 1")
    assert _found(staff, "account", name="Werkstatt Oslo 11") == []
    assert _found(staff, "account", name="Plant 2") == []
    assert len(_found(staff, "account", name="Werkstat Oslo 10")) == 1
    staff.do("account.create", "anna", name="Werkstatt Oslo 11")
    staff.do("account.create", "anna", name="Plant 2")
    assert _scan(staff, "account").found == 0


def test_reasons_add_up_and_the_surest_comes_first(staff):
    staff.do("lead.create", "anna", name="Eva Berg", email="eva@nordlys.example")
    staff.do("lead.create", "anna", name="Eva Bergh")
    assert _found(staff, "lead", name="Eva Berg", email="eva@nordlys.example") == [
        ("Eva Berg", 100, ("same e-mail", "similar name")),
        ("Eva Bergh", 94, ("similar name",)),
    ]


def test_a_record_is_no_double_of_itself_nor_of_a_deleted_one(staff):
    one = staff.do("lead.create", "anna", name="Eva Berg")
    two = staff.do("lead.create", "anna", name="Eva Berg")
    staff.do("record.delete", "anna", record_type="lead", record_id=two.id)
    matches = staff.ask(find_duplicates, "lead", {"name": "Eva Berg"}, exclude=one.id)
    assert matches == []


def test_a_double_is_not_shown_when_it_is_another_teams(staff):
    staff.do("lead.create", "sven", name="Eva Berg", email="eva@nordlys.example")
    assert _found(staff, "lead", actor="anna", email="eva@nordlys.example") == []


def test_a_hidden_field_tells_nothing_when_it_agrees(staff):
    role = staff.do(
        "role.create",
        name="Clerk",
        permissions=["record:read"],
        records={"*": {"read": "all"}},
        field_rights={"contact": {"email": "hidden"}},
    )
    staff.add_person("petra", "Sales", roles=(role.key,))
    staff.do("contact.create", "boris", last_name="Berg", email="anna@nordlys.example")
    typed = {"last_name": "Dahl", "email": "anna@nordlys.example"}
    assert _found(staff, "contact", **typed)
    assert _found(staff, "contact", "petra", **typed) == []


def test_nothing_is_a_double_where_there_is_no_rule(staff):
    staff.do("deal.create", "anna", name="Windows")
    assert _found(staff, "deal", name="Windows") == []


def test_a_scan_finds_every_pair_once(staff):
    nordlys = staff.do("account.create", "anna", name="Nordlys")
    staff.do("account.create", "anna", name="NORDLYS AS", website="https://www.nordlys.example")
    staff.do("account.create", "anna", name="Polaris", website="nordlys.example")
    staff.do("account.create", "anna", name="Sol")
    scan = _scan(staff, "account")
    assert (scan.stage, scan.done, scan.total, scan.found) == ("done", 4, 4, 2)
    assert _names(staff, "account") == {
        frozenset({"Nordlys", "NORDLYS AS"}): "similar name",
        frozenset({"NORDLYS AS", "Polaris"}): "same website",
    }
    assert _scan(staff, "account").found == 0
    staff.do("record.delete", "anna", record_type="account", record_id=nordlys.id)
    assert len(_names(staff, "account")) == 1


def test_similar_people_of_different_companies_are_no_pair(staff):
    accounts = [staff.do("account.create", "anna", name=name).id for name in ("One", "Two")]
    for key in accounts:
        staff.do("contact.create", "anna", last_name="Berg", first_name="Eva", account_id=key)
    assert _scan(staff, "contact").found == 0
    staff.do("contact.create", "anna", last_name="Berg", first_name="Eva")
    assert _scan(staff, "contact").found == 2


def test_a_pair_is_not_brought_up_again_when_it_was_dismissed(staff):
    for _ in range(2):
        staff.do("lead.create", "anna", name="Eva Berg")
    _scan(staff, "lead")
    (pair,) = staff.ask(list_pairs, "lead", actor="anna").items
    with pytest.raises(NotFound):
        staff.do("duplicates.dismiss", "sven", pair_id=pair.id)
    staff.do("duplicates.dismiss", "anna", pair_id=pair.id)
    _scan(staff, "lead")
    assert staff.ask(list_pairs, "lead", actor="anna").items == []


def test_each_pair_is_met_once_when_one_turns_the_pages_there_and_back(staff):
    pairs = {frozenset(pair) for pair in _many_pairs(staff)}
    pages = [staff.ask(list_pairs, "lead", limit=2, actor="anna")]
    assert pages[0].previous_cursor is None
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(staff.ask(list_pairs, "lead", after=cursor, limit=2, actor="anna"))
    seen = [pair for page in pages for pair in page.items]
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert {frozenset((one.first.id, one.second.id)) for one in seen} == pairs
    assert [one.score for one in seen] == sorted((one.score for one in seen), reverse=True)
    back = staff.ask(list_pairs, "lead", before=pages[2].previous_cursor, limit=2, actor="anna")
    assert [one.id for one in back.items] == [one.id for one in pages[1].items]
    first = staff.ask(list_pairs, "lead", before=back.previous_cursor, limit=2, actor="anna")
    assert (first.previous_cursor, first.next_cursor) == (None, pages[0].next_cursor)


def test_pairs_are_narrowed_to_what_is_sure_when_asked_for(staff):
    _many_pairs(staff)
    sure = staff.ask(list_pairs, "lead", is_sure=True, actor="anna").items
    other = staff.ask(list_pairs, "lead", is_sure=False, actor="anna").items
    assert {one.reason for one in sure} == {"same e-mail"}
    assert {one.reason for one in other} == {"similar name"}


@pytest.mark.parametrize("cursor", ["", "x", "100-", "99999999999-" + "0" * 32, "1-zz", "0" * 99])
def test_a_page_is_not_there_when_its_cursor_is_none(staff, cursor):
    if not cursor:
        assert staff.ask(list_pairs, "lead", after=cursor).items == []
        return
    with pytest.raises(Invalid):
        staff.ask(list_pairs, "lead", after=cursor)


def test_many_pairs_are_dismissed_at_once_but_those_one_may_not_see(staff):
    _many_pairs(staff)
    keys = [pair.id for pair in staff.ask(list_pairs, "lead", actor="anna").items]
    with pytest.raises(NotFound):
        staff.do("duplicates.dismiss_many", "sven", pair_ids=keys)
    assert staff.do("duplicates.dismiss_many", "anna", pair_ids=keys[:3]) == {"dismissed": 3}
    assert staff.do("duplicates.dismiss_many", "anna", pair_ids=keys) == {"dismissed": 2}
    assert staff.ask(list_pairs, "lead", actor="anna").items == []
    with pytest.raises(Invalid, match="Choose"):
        staff.do("duplicates.dismiss_many", "anna", pair_ids=[])


def test_dismissed_pairs_are_listed_the_latest_first_and_one_is_brought_back(staff, clock):
    _many_pairs(staff)
    keys = [pair.id for pair in staff.ask(list_pairs, "lead", actor="anna").items[:3]]
    for key in keys:
        clock.advance(timedelta(minutes=1))
        staff.do("duplicates.dismiss", "anna", pair_id=key)
    listed = partial(list_pairs, record_type="lead", is_dismissed=True)
    page = staff.ask(listed, limit=2, actor="anna")
    assert [(one.id, one.dismissed_by) for one in page.items] == [
        (keys[2], "Anna"),
        (keys[1], "Anna"),
    ]
    last = staff.ask(listed, limit=2, after=page.next_cursor, actor="anna")
    assert [one.id for one in last.items] == [keys[0]]
    assert staff.ask(listed, actor="sven").items == []
    with pytest.raises(NotFound):
        staff.do("duplicates.bring_back", "sven", pair_id=keys[0])
    staff.do("duplicates.bring_back", "anna", pair_id=keys[0])
    with pytest.raises(Conflict, match="already"):
        staff.do("duplicates.bring_back", "anna", pair_id=keys[0])
    assert keys[0] in {one.id for one in staff.ask(list_pairs, "lead", actor="anna").items}
    assert len(staff.ask(listed, actor="anna").items) == 2


def test_a_pair_is_forgotten_when_no_rule_finds_it_any_more(staff, clock):
    alike = [staff.do("lead.create", "anna", name="Eva Berg").id for _ in range(3)]
    _scan(staff, "lead")
    assert len(_pairs(staff, "lead")) == 3
    staff.do(
        "duplicates.tell_apart", "anna", record_type="lead", record_id=alike[0], other_id=alike[1]
    )
    clock.advance(timedelta(minutes=1))
    assert _scan(staff, "lead").found == 0
    assert len(_pairs(staff, "lead")) == 2
    staff.do("lead.update", "anna", lead_id=alike[2], name="Olaf Lie")
    clock.advance(timedelta(minutes=1))
    _scan(staff, "lead")
    assert _pairs(staff, "lead") == []
    assert alike[1] in staff.ask(dismissals_of, alike[0], actor="anna")


def test_two_records_are_told_apart_when_no_scan_has_met_them(staff):
    one, two, three = (staff.do("lead.create", "anna", name="Eva Berg").id for _ in range(3))
    named = {"record_type": "lead", "record_id": two}
    staff.do("duplicates.tell_apart", "anna", other_id=one, **named)
    again = staff.do("duplicates.tell_apart", "anna", other_id=one, **named)
    said = staff.ask(dismissals_of, two, actor="anna")
    assert {key: item.pair_id for key, item in said.items()} == {one: again["pair_id"]}
    assert _scan(staff, "lead").found == 2
    assert {frozenset((pair.first.id, pair.second.id)) for pair in _pairs(staff, "lead")} == {
        frozenset((one, three)),
        frozenset((two, three)),
    }
    for wrong, error in ((two, Invalid), (uuid4(), NotFound)):
        with pytest.raises(error):
            staff.do("duplicates.tell_apart", "anna", other_id=wrong, **named)
    with pytest.raises(NotFound):
        staff.do("duplicates.tell_apart", "sven", other_id=one, **named)


def _pairs(staff, record_type):
    return staff.ask(list_pairs, record_type, actor="anna").items


def _many_pairs(staff):
    """Return the keys of five pairs of leads that are there."""
    found = []
    for number in range(3):
        mail = f"one{number}@pairs.example"
        names = (f"Alma{number} Xu", f"Bo{number} Quist")
        found.append([staff.do("lead.create", "anna", name=one, email=mail).id for one in names])
    found += [
        [staff.do("lead.create", "anna", name=name).id for _ in range(2)]
        for name in ("Kari Sund", "Olaf Lie")
    ]
    _scan(staff, "lead")
    return found


def test_a_scan_is_cancelled_and_there_is_one_at_a_time(staff):
    for _ in range(2):
        staff.do("lead.create", name="Eva Berg", email="eva@berg.example")
    scan_id = staff.do("duplicates.scan", "olga", record_type="lead")["scan_id"]
    with pytest.raises(Conflict):
        staff.do("duplicates.scan", "olga", record_type="lead")
    staff.do("duplicates.cancel", "olga", scan_id=scan_id)
    run_scan(staff.platform, scan_id=str(scan_id))
    (scan,) = staff.ask(list_scans)
    assert (scan.stage, scan.found) == ("cancelled", 0)
    with pytest.raises(NotAllowed):
        staff.do("duplicates.scan", "anna", record_type="lead")


def test_keys_follow_the_name_when_it_changes(staff):
    account = staff.do("account.create", "anna", name="Nordlys")
    staff.do("account.update", "anna", account_id=account.id, name="Polaris")
    key = staff.ask(lambda uow: uow.session.scalar(select(Account.match_key)))
    assert key == match_key("Polaris")

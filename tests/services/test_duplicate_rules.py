"""Rules of administrators: which records they call the same, and when they are asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.duplicates import trying
from services.duplicates.administration import get_rule
from services.duplicates.book import rules_for
from services.duplicates.finding import find_duplicates
from services.duplicates.model import DuplicateScan
from services.duplicates.pairs import list_pairs
from services.duplicates.rules import SHIPPED, Rule, Use
from services.duplicates.saving import DuplicateFound
from services.duplicates.scans import list_scans, run_scan
from services.duplicates.trying import try_rule
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.operations import run
from services.records.timeline import timeline_of

SAME_COMPANY = [{"field": "company"}]


def _save(staff, record_type, who="anna", *, address="192.0.2.1", **values):
    """Make a record as a program or a person does, or something within if it has no address."""
    return staff.platform.transact(
        staff.actor(who), lambda uow: run(uow, f"{record_type}.create", values), address=address
    )


def _rule(staff, record_type, conditions, **values):
    return staff.do(
        "duplicate_rule.create",
        "olga",
        record_type=record_type,
        name=values.pop("name", "Own rule"),
        conditions=conditions,
        **values,
    )


def _found(staff, record_type, who="maria", **values):
    return {
        (match.record.name, match.score)
        for match in staff.ask(find_duplicates, record_type, values, actor=who)
    }


def _scan(staff, record_type):
    key = str(staff.do("duplicates.scan", "olga", record_type=record_type)["scan_id"])
    for _ in range(50):
        run_scan(staff.platform, scan_id=key)
        (scan, *_rest) = staff.ask(list_scans)
        if scan.ended_at is not None:
            return scan
    raise AssertionError("the scan does not end")


def test_a_rule_finds_doubles_when_all_its_conditions_hold(staff):
    staff.do("lead.create", "anna", name="Eva Berg", company="Nordlys", source="Fair")
    _rule(staff, "lead", [{"field": "company"}, {"field": "source"}])
    assert _found(staff, "lead", name="Ola", company="NORDLYS", source="fair") == {
        ("Eva Berg", 100)
    }
    assert _found(staff, "lead", name="Ola", company="Nordlys", source="Web") == set()


def test_a_rule_finds_doubles_when_its_points_suffice(staff):
    staff.do("contact.create", "anna", last_name="Berg", position="Buyer", phone="+47 22 33 44 55")
    for key in ("phone", "name"):
        staff.do("duplicate_rule.update", "olga", record_type="contact", key=key, is_on=False)
    conditions = [
        {"field": "phone", "weight": 3},
        {"field": "position", "weight": 1},
        {"field": "last_name", "method": "similar", "weight": 2},
    ]
    _rule(staff, "contact", conditions, needed=4)
    phone = "0047 22334455"
    assert _found(staff, "contact", last_name="X", phone=phone, position="buyer")
    assert _found(staff, "contact", last_name="Bergh", phone=phone)
    assert not _found(staff, "contact", last_name="X", phone=phone)
    assert not _found(staff, "contact", last_name="Berg", position="Buyer")


def test_a_field_that_must_not_differ_may_be_empty(staff):
    staff.do("lead.create", "anna", name="Eva", company="Nordlys", source="Fair")
    _rule(staff, "lead", [{"field": "company"}, {"field": "source", "method": "not_different"}])
    assert _found(staff, "lead", name="Ola", company="Nordlys")
    assert not _found(staff, "lead", name="Ola", company="Nordlys", source="Web")


def test_an_added_field_and_an_added_type_have_rules(staff):
    made = staff.do("custom_type.create", "olga", label="Machine", plural="Machines", key="machine")
    staff.do(
        "custom_field.create",
        "olga",
        record_type="x_machine",
        label="Serial",
        key="serial",
        kind="text",
    )
    _rule(staff, "x_machine", [{"field": "c_serial"}], name="Serial", on_save="ask")
    _rule(staff, "x_machine", [{"field": "name", "method": "similar"}], name="Name")
    for name, serial in (("Lathe One", "A-1"), ("Press", "a-1"), ("Lathe Ones", None)):
        staff.do("x_machine.create", "anna", name=name, c_serial=serial)
    assert _found(staff, "x_machine", c_serial="a-1") == {("Lathe One", 100), ("Press", 100)}
    with pytest.raises(DuplicateFound):
        _save(staff, "x_machine", name="Drill", c_serial="A-1")
    assert _scan(staff, "x_machine").found == 2
    assert {pair.reason for pair in staff.ask(list_pairs, "x_machine").items} == {
        "same serial",
        "similar name",
    }
    staff.do("custom_type.retire", "olga", type_id=made["id"])
    assert rules_for("x_machine", Use.SCAN) == ()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"conditions": []}, "conditions"),
        ({"conditions": [{"field": "nothing"}]}, "conditions"),
        ({"conditions": [{"field": "status"}]}, "conditions"),
        ({"conditions": [{"field": "wishes"}]}, "conditions"),
        ({"conditions": [{"field": "company", "method": "similar"}]}, "conditions"),
        ({"conditions": [{"field": "company", "method": "not_different"}]}, "conditions"),
        ({"conditions": [{"field": "score", "method": "similar"}]}, "conditions"),
        ({"conditions": [{"field": "company"}, {"field": "company"}]}, "conditions"),
        ({"conditions": SAME_COMPANY, "needed": 2}, "needed"),
        ({"conditions": [{"field": "company"}, {"field": "status"}], "needed": 1}, "conditions"),
        ({"conditions": SAME_COMPANY, "name": "SAME E-MAIL address"}, "name"),
        ({"conditions": SAME_COMPANY, "record_type": "invoice"}, "record_type"),
        ({"conditions": SAME_COMPANY, "on_save": "shout"}, "on_save"),
    ],
)
def test_a_rule_is_refused_when_it_makes_no_sense(staff, values, field):
    raw = {"record_type": "lead", "name": "Own", **values}
    with pytest.raises(Invalid) as caught:
        staff.do("duplicate_rule.create", "olga", **raw)
    assert any(name.startswith(field) for name in caught.value.fields)


def test_a_shipped_rule_is_changed_switched_off_and_restored(staff):
    staff.do("lead.create", "anna", name="Eva", email="eva@nordlys.example")
    about = {"record_type": "lead", "key": "email"}
    staff.do("duplicate_rule.update", "olga", **about, is_on=False)
    assert not _found(staff, "lead", email="eva@nordlys.example")
    with pytest.raises(Conflict):
        staff.do("duplicate_rule.delete", "olga", **about)
    staff.do("duplicate_rule.restore", "olga", **about)
    assert staff.ask(get_rule, "lead", "email") == SHIPPED["lead"]["email"]
    assert _found(staff, "lead", email="eva@nordlys.example")


def test_a_rule_of_ones_own_is_deleted(staff):
    made = _rule(staff, "lead", SAME_COMPANY)
    staff.do("duplicate_rule.delete", "olga", record_type="lead", key=made["key"])
    with pytest.raises(NotFound):
        staff.ask(get_rule, "lead", made["key"])


def test_only_who_looks_after_data_writes_rules(staff):
    with pytest.raises(NotAllowed):
        staff.do("duplicate_rule.update", "anna", record_type="lead", key="email", is_on=False)


def test_a_rule_is_not_asked_when_its_field_is_retired(staff):
    field = staff.do(
        "custom_field.create", "olga", record_type="lead", label="Code", key="code", kind="text"
    )
    made = _rule(staff, "lead", [{"field": "c_code"}])
    assert made["key"] in {rule.key for rule in rules_for("lead", Use.TYPING)}
    staff.do("custom_field.retire", "olga", field_id=field["id"])
    assert made["key"] not in {rule.key for rule in rules_for("lead", Use.TYPING)}
    staff.do("duplicate_rule.update", "olga", record_type="lead", key=made["key"], is_on=False)


def test_a_trial_tells_what_a_rule_finds_and_keeps_nothing(staff):
    for name in ("Eva", "Ola", "Kari"):
        staff.do("lead.create", "anna", name=name, company="Nordlys")
    rule = Rule.of({"record_type": "lead", "key": "", "name": "x", "conditions": SAME_COMPANY})
    trial = staff.ask(try_rule, rule)
    assert (trial.total, trial.pairs, trial.is_whole, len(trial.examples)) == (3, 3, True, 3)
    assert trial.examples[0].reason == "same company"
    assert staff.ask(list_pairs, "lead").items == []


def test_a_trial_looks_at_the_first_records_only_when_there_are_many(staff, monkeypatch):
    monkeypatch.setattr(trying, "MOST_ROWS", 4)
    for name, mail in (("Eva", "a@x.example"), ("Ola", "b@x.example"), ("Kari", "c@x.example")):
        for _ in range(2):
            staff.do("lead.create", "anna", name=name, email=mail, company=name)
    for field in ("company", "email"):
        conditions = [{"field": field}]
        rule = Rule.of({"record_type": "lead", "key": "", "name": "x", "conditions": conditions})
        trial = staff.ask(try_rule, rule)
        assert (trial.total, trial.pairs, trial.is_whole) == (6, 2, False)
        monkeypatch.setattr(trying, "MOST_ROWS", 7)
        assert staff.ask(try_rule, rule).is_whole
        monkeypatch.setattr(trying, "MOST_ROWS", 4)


def test_a_double_is_asked_about_when_a_program_or_a_person_saves_it(staff):
    one = staff.do("contact.create", "anna", last_name="Berg", email="eva@nordlys.example")
    with pytest.raises(DuplicateFound) as caught:
        _save(staff, "contact", last_name="B", email="EVA@nordlys.example")
    assert caught.value.candidates == [
        {
            "id": one.id,
            "record_type": "contact",
            "title": "Berg",
            "score": 100,
            "reasons": ["same e-mail"],
        }
    ]
    email = "eva@nordlys.example"
    assert _save(staff, "contact", last_name="B", email=email, allow_duplicate=True).id


def test_nobody_is_asked_when_a_process_or_an_import_saves(staff):
    staff.do("contact.create", "anna", last_name="Berg", email="eva@nordlys.example")
    _save(staff, "contact", address=None, last_name="B", email="eva@nordlys.example")
    with pytest.raises(DuplicateFound):
        _save(
            staff,
            "contact",
            address=None,
            last_name="B",
            email="eva@nordlys.example",
            allow_duplicate=False,
        )


def test_nobody_is_asked_when_what_somebody_does_moves_a_process_on(staff):
    values = {"last_name": "Berg", "email": "eva@nordlys.example"}
    staff.do("contact.create", "anna", **values)

    def step(uow):
        uow.call_key = "01890000-0000-7000-8000-000000000000:task:1"
        return run(uow, "contact.create", values)

    assert staff.platform.transact(staff.actor("anna"), step, address="192.0.2.1").id


def test_a_blocking_rule_lets_pass_only_with_a_reason(staff):
    staff.do("lead.create", "anna", name="Eva", email="eva@nordlys.example")
    staff.do("duplicate_rule.update", "olga", record_type="lead", key="email", on_save="block")
    again = {"name": "Ola", "email": "eva@nordlys.example"}
    with pytest.raises(DuplicateFound) as caught:
        _save(staff, "lead", **again, allow_duplicate=True)
    assert caught.value.needs_reason
    reason = "Husband and wife share it"
    made = _save(staff, "lead", **again, allow_duplicate=True, duplicate_reason=reason)
    told = [entry.body for entry in staff.ask(timeline_of, "lead", made.id)]
    assert reason in told


def test_an_unseen_double_is_told_of_only_when_the_rule_says_so(staff):
    staff.do("lead.create", "sven", name="Eva", email="eva@nordlys.example")
    email = "eva@nordlys.example"
    assert _save(staff, "lead", name="One", email=email, allow_duplicate=None).id
    staff.do("record.delete", "anna", record_type="lead", record_id=_only(staff, "One"))
    staff.do("duplicate_rule.update", "olga", record_type="lead", key="email", tells_unseen=True)
    with pytest.raises(DuplicateFound) as caught:
        _save(staff, "lead", name="Two", email=email)
    assert (caught.value.candidates, caught.value.unseen) == ([], 1)
    assert "Eva" not in caught.value.message


def _only(staff, name):
    (match,) = staff.ask(find_duplicates, "lead", {"name": name}, actor="anna")
    return match.record.id


def test_one_is_asked_when_two_save_the_same_at_once(staff):
    def save(number):
        try:
            _save(staff, "lead", name=f"Lead {number}", email="eva@nordlys.example")
        except DuplicateFound:
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(save, (1, 2))) == 1


def test_saving_costs_four_statements_more_when_it_is_asked_about_doubles(staff):
    _save(staff, "contact", last_name="First")
    with staff.counting() as plain:
        _save(
            staff,
            "contact",
            address=None,
            last_name="Sol",
            email="a@b.example",
            phone="+4711223344",
        )
    with staff.counting() as asked:
        _save(staff, "contact", last_name="Moen", email="c@d.example", phone="+4711223355")
    assert len(asked) - len(plain) <= 4


def test_one_scan_runs_when_two_begin_it_at_once(staff):
    staff.do("lead.create", "anna", name="Eva")

    def begin(_):
        try:
            staff.do("duplicates.scan", "olga", record_type="lead")
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(begin, (1, 2))) == 1


def test_a_scan_goes_by_the_rules_it_began_with(staff):
    for name in ("Eva", "Ola"):
        staff.do("lead.create", "anna", name=name, company="Nordlys")
    made = _rule(staff, "lead", SAME_COMPANY)
    key = str(staff.do("duplicates.scan", "olga", record_type="lead")["scan_id"])
    staff.do("duplicate_rule.delete", "olga", record_type="lead", key=made["key"])
    for _ in range(10):
        run_scan(staff.platform, scan_id=key)
    (scan,) = staff.ask(list_scans)
    assert (scan.stage, scan.found) == ("done", 1)


def test_a_large_block_is_cut_and_named(staff):
    def fill(uow):
        model = type(staff.do("contact.create", last_name="Smith", first_name="John"))
        uow.session.add_all(
            model(last_name="Smith", first_name="John", phone="+4711223344", owner_id=None)
            for _ in range(300)
        )

    staff.ask(fill)
    scan = _scan(staff, "contact")
    assert scan.found <= 300 * 21
    assert {(note["mark"], note["size"]) for note in scan.notes} >= {("+4711223344", 300)}


def test_a_scan_goes_on_where_it_was_when_its_job_dies(staff, monkeypatch):
    for name in ("Anna Berg", "Anna Bergh", "Eva Moen", "Eva Moenn", "Ola Sund", "Ola Sunde"):
        staff.do("lead.create", "anna", name=name)
    monkeypatch.setattr("services.duplicates.blocks.SLICE_ROWS", 1)
    key = str(staff.do("duplicates.scan", "olga", record_type="lead")["scan_id"])
    seen = []
    for number in range(30):
        if number % 2:
            with monkeypatch.context() as broken:
                broken.setattr("services.duplicates.scans._note", _die)
                with pytest.raises(KeyboardInterrupt):
                    run_scan(staff.platform, scan_id=key)
        run_scan(staff.platform, scan_id=key)
        scan: DuplicateScan = staff.ask(list_scans)[0]
        seen.append(scan.done)
        if scan.ended_at is not None:
            break
    assert (scan.stage, scan.found, scan.done) == ("done", 3, 6)
    assert seen == sorted(seen)


def _die(*_arguments):
    raise KeyboardInterrupt

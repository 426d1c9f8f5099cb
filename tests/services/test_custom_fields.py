"""Fields that administrators add: their kinds, rules and life."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from services.custom import deleting
from services.custom.fields import MAX_FIELDS, list_fields
from services.custom.indexes import index_name, keep_index
from services.custom.layout import _KNOWN, CHECK_SECONDS, look_again
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.operations import run
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.records.types import get_record, get_record_type, present_record

TWO = [{"label": "Red"}, {"label": "Deep blue"}]
# Kind → what defines it, what is handed in, what is read, a filter that finds it, and how the
# timeline tells of it.
KINDS = {
    "text": ({}, " T 1 ", "T 1", ("__contains", "t 1"), "T 1"),
    "long_text": ({}, "a\r\nb", "a\nb", ("__contains", "A"), "a\nb"),
    "number": ({}, "7", 7, ("__gte", "7"), "7"),
    "decimal": ({}, "0.125", Decimal("0.125"), ("__lt", "0.2"), "0.125"),
    "money": ({}, "12.345", Decimal("12.35"), ("__gt", "12"), "12.35 EUR"),
    "date": ({}, "2028-02-29", date(2028, 2, 29), ("__lte", "2028-02-29"), "29 Feb 2028"),
    "datetime": (
        {},
        "2026-03-29T02:30:00+01:00",
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ("__lt", "2026-03-29T02:00:00Z"),
        "2026-03-29 01:30",
    ),
    "boolean": ({}, "true", True, ("", "true"), "yes"),
    "choice": ({"choices": TWO}, "deep_blue", "deep_blue", ("", "deep_blue"), "Deep blue"),
    "multi_choice": (
        {"choices": TWO},
        ["deep_blue", "red", "red"],
        ["deep_blue", "red"],
        ("__any", "red"),
        "Deep blue, Red",
    ),
    "email": ({}, "A@B.Example", "a@b.example", ("__starts", "a@"), "a@b.example"),
    "phone": ({}, "+47 22 22 55 55", "+4722225555", ("__contains", "2222"), "+4722225555"),
    "url": (
        {},
        "example.com/x",
        "https://example.com/x",
        ("__ends", "/x"),
        "https://example.com/x",
    ),
}
SORTED = [kind for kind in KINDS if kind not in {"long_text", "multi_choice"}]


def test_a_value_comes_back_as_it_was_meant_for_each_kind(desk, define):
    for kind, (options, given, expected, _, _) in KINDS.items():
        name = define(kind, kind.replace("_", " "), **options)["name"]
        deal = desk.do("deal.create", name="D", **{name: given})
        shown = desk.ask(lambda uow, key=deal.id: present_record(get_record(uow, "deal", key), uow))
        assert shown[name] == expected, kind
        assert type(shown[name]) is type(expected), kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_finds_the_record_and_no_other_for_each_kind(desk, define, kind):
    options, given, _, (operator, value), _ = KINDS[kind]
    name = define(kind, **options)["name"]
    deal = desk.do("deal.create", name="D", **{name: given})
    desk.do("deal.create", name="Without")
    page = desk.ask(list_records, "deal", filters={name + operator: value})
    assert [one.id for one in page.items] == [deal.id]


@pytest.mark.parametrize("kind", KINDS)
def test_the_timeline_and_the_audit_tell_of_the_field_when_it_changes(desk, define, kind):
    options, given, expected, _, told = KINDS[kind]
    name = define(kind, "My extra", **options)["name"]
    deal = desk.do("deal.create", name="D")

    def change(uow):
        run(uow, "deal.update", {"deal_id": str(deal.id), name: given})
        return uow.audited[-1]["changes"][0]["fields"]

    assert desk.ask(change) == {name: [None, expected]}
    entry = desk.ask(timeline_of, "deal", deal.id)[0]
    change = {"field": name, "label": "My extra", "old": None, "new": told}
    if kind == "datetime":  # kept as a moment, so that each reader sees it in its own zone
        change |= {"kind": kind, "new": expected.isoformat()}
    assert entry.details["changes"] == [change]
    assert entry.title == ("Set My extra" if kind == "datetime" else f"Set My extra to {told}")


@pytest.mark.parametrize("kind", SORTED)
def test_lists_are_sorted_by_a_field_when_its_index_is_there(desk, define, kind):
    options, given, _, _, _ = KINDS[kind]
    field = define(kind, is_indexed=True, **options)
    with pytest.raises(Invalid):
        desk.ask(list_records, "deal", sort=field["name"])
    keep_index(desk.platform, str(field["id"]))
    for number in range(5):
        desk.do("deal.create", name=f"D{number}", **({field["name"]: given} if number % 2 else {}))
    for sort in (field["name"], f"-{field['name']}"):
        names, cursor = [], None
        for _ in range(5):
            page = desk.ask(list_records, "deal", sort=sort, cursor=cursor, limit=1)
            names += [one.name for one in page.items]
            cursor = page.next_cursor
        assert sorted(names) == [f"D{number}" for number in range(5)]
        assert {names[0], names[1]} == {"D1", "D3"}


def test_the_planner_uses_the_index_when_a_list_is_sorted_by_a_field(desk, define):
    field = define("number", is_indexed=True)
    keep_index(desk.platform, str(field["id"]))

    def explain(uow):
        uow.session.execute(text("SET LOCAL enable_seqscan = off"))
        uow.session.execute(text("SET LOCAL enable_sort = off"))
        model = get_record_type("deal").model
        statement = uow.select(model).with_only_columns(model.id).order_by(model.c_extra, model.id)
        compiled = statement.compile(
            uow.session.connection().engine, compile_kwargs={"literal_binds": True}
        )
        return "\n".join(uow.session.scalars(text(f"EXPLAIN {compiled}".replace(":", r"\:"))))

    assert index_name(field["id"]) in desk.ask(explain)


def test_the_index_is_made_anew_when_a_field_becomes_of_another_kind(desk, define):
    field = define("number", is_indexed=True)
    keep_index(desk.platform, str(field["id"]))
    desk.do("custom_field.update", field_id=str(field["id"]), kind="text")
    assert "c_extra" not in get_record_type("deal").sorts
    keep_index(desk.platform, str(field["id"]))
    keep_index(desk.platform, str(field["id"]))  # at least once
    made = text(f"SELECT pg_get_indexdef('{index_name(field['id'])}'::regclass)")
    assert "lower(" in desk.ask(lambda uow: uow.session.scalar(made))
    assert "c_extra" in get_record_type("deal").sorts


def test_the_index_goes_when_a_field_is_no_longer_indexed(desk, define):
    field = define("number", is_indexed=True)
    keep_index(desk.platform, str(field["id"]))
    desk.do("custom_field.update", field_id=str(field["id"]), is_indexed=False)
    keep_index(desk.platform, str(field["id"]))
    there = text(f"SELECT to_regclass('{index_name(field['id'])}')")
    assert desk.ask(lambda uow: uow.session.scalar(there)) is None
    assert "c_extra" not in get_record_type("deal").sorts


def test_stored_values_that_fit_nothing_count_as_none(desk, define):
    for kind, (options, *_) in KINDS.items():
        define(kind, kind.replace("_", " "), **options)
    deal = desk.do("deal.create", name="D")
    bad = '{"number": "x", "decimal": [], "money": {}, "date": 5, "datetime": "2026", "boolean": 7'
    bad += ', "multi_choice": "a", "text": 3, "choice": {}, "email": [], "phone": 1, "url": false'
    bad += ', "long_text": 0}'

    def spoil(uow):
        statement = text("UPDATE deals SET custom = CAST(:bad AS jsonb)")
        uow.session.execute(statement, {"bad": bad})

    desk.ask(spoil)
    shown = desk.ask(lambda uow: present_record(get_record(uow, "deal", deal.id), uow))
    assert {value for name, value in shown.items() if name.startswith("c_")} == {None}
    for kind in ("number", "decimal", "money", "date", "datetime", "boolean"):
        _, _, _, (operator, value), _ = KINDS[kind]
        assert desk.ask(list_records, "deal", filters={f"c_{kind}{operator}": value}).total == 0


@pytest.mark.parametrize(
    ("kind", "options", "given"),
    [
        ("text", {"max_length": 3}, "four"),
        ("number", {"minimum": "2"}, 1),
        ("decimal", {"maximum": "2.5"}, "2.6"),
        ("choice", {"choices": TWO}, "green"),
        ("multi_choice", {"choices": TWO}, ["red", "green"]),
        ("url", {}, "javascript:alert(1)"),
        ("url", {}, "https://"),
        ("email", {}, "nobody"),
        ("date", {}, "2026-02-30"),
        ("number", {}, "1.5"),
        ("decimal", {}, "NaN"),
        ("boolean", {}, "perhaps"),
        ("relation", {"relation": "account"}, "01890000-0000-7000-8000-000000000000"),
    ],
)
def test_a_value_is_refused_when_it_breaks_a_rule(desk, define, kind, options, given):
    name = define(kind, **options)["name"]
    with pytest.raises((Invalid, NotFound)):
        desk.do("deal.create", name="D", **{name: given})


@pytest.mark.parametrize("bound", ["NaN", "-Infinity", "1e400", "much"])
def test_a_field_is_refused_when_its_bound_is_no_number_that_can_be_kept(define, bound):
    with pytest.raises(Invalid) as caught:
        define("decimal", maximum=bound)
    assert list(caught.value.fields) == ["maximum"]


@pytest.mark.parametrize(("given", "kept"), [(2, "2"), ("2.50", "2.5"), ("1E-1000000", "0")])
def test_a_bound_is_kept_short_however_it_is_given(define, given, kept):
    assert define("decimal", minimum=given)["minimum"] == kept


def test_a_new_record_gets_the_default_when_nothing_is_given(desk, define):
    define("decimal", "Factor", default="1.5")
    define("multi_choice", "Parts", choices=TWO, default="RED, ")
    deal = desk.do("deal.create", name="D")
    assert (deal.c_factor, deal.c_parts) == (Decimal("1.5"), ["red"])
    assert desk.do("deal.create", name="E", c_factor=None).c_factor is None


def test_a_required_field_is_needed_by_new_records_and_stays_filled(desk, define):
    define(label="Budget", is_required=True)
    with pytest.raises(Invalid) as refused:
        desk.do("deal.create", name="D")
    assert set(refused.value.fields) == {"c_budget"}
    deal = desk.do("deal.create", name="D", c_budget="x")
    with pytest.raises(Invalid):
        desk.do("deal.update", deal_id=str(deal.id), c_budget=None)


def test_a_unique_value_is_refused_whatever_its_case_until_the_other_is_in_the_bin(desk, define):
    define(label="Code", is_unique=True)
    first = desk.do("deal.create", name="D", c_code="Ab")
    with pytest.raises(Invalid) as refused:
        desk.do("deal.create", name="E", c_code="aB")
    assert set(refused.value.fields) == {"c_code"}
    desk.do("record.delete", record_type="deal", record_id=str(first.id))
    desk.do("deal.create", name="E", c_code="aB")
    with pytest.raises(Invalid):
        desk.do("record.restore", record_type="deal", record_id=str(first.id))


def test_one_wins_when_two_take_a_unique_value_at_once(desk, define):
    define(label="Code", is_unique=True)
    results = race(desk, lambda: desk.do("deal.create", name="D", c_code="x"))
    assert sorted(type(one).__name__ for one in results) == ["Deal", "Invalid"]


def test_a_field_does_not_become_unique_when_values_stand_twice(desk, define):
    field = define()
    for name in ("D", "E"):
        desk.do("deal.create", name=name, c_extra="same")
    with pytest.raises(Invalid, match="same"):
        desk.do("custom_field.update", field_id=str(field["id"]), is_unique=True)


def test_values_are_read_as_before_when_another_kind_is_refused(desk, define):
    field = define("number")
    deals = [desk.do("deal.create", name=name, c_extra="7") for name in "DE"]
    with pytest.raises(Invalid, match="Several records"):
        desk.do("custom_field.update", field_id=str(field["id"]), kind="text", is_unique=True)
    assert desk.ask(lambda uow: get_record(uow, "deal", deals[0].id).c_extra) == 7


def test_one_field_is_made_when_two_define_the_same_key_at_once(desk, define):
    results = race(desk, lambda: define(key="budget"))
    assert sorted(type(one).__name__ for one in results) == ["Invalid", "dict"]
    assert [one.key for one in desk.ask(list_fields, "deal")] == ["budget"]


def test_a_retired_field_is_nowhere_and_restored_with_its_values(desk, define):
    field = define()
    deal = desk.do("deal.create", name="D", c_extra="kept")
    desk.do("custom_field.retire", field_id=str(field["id"]))
    assert get_record_type("deal").field("c_extra") is None
    with pytest.raises(Invalid):
        desk.do("deal.update", deal_id=str(deal.id), c_extra="x")
    desk.do("deal.update", deal_id=str(deal.id), name="E")
    desk.do("custom_field.restore", field_id=str(field["id"]))
    assert desk.ask(lambda uow: get_record(uow, "deal", deal.id).c_extra) == "kept"


def test_a_key_stays_taken_when_its_field_is_retired(desk, define):
    field = define(key="budget")
    desk.do("custom_field.retire", field_id=str(field["id"]))
    with pytest.raises(Invalid):
        define(key="budget")


@pytest.mark.parametrize("key", ["a'b", "A", "1a", "a b", "_a", "a" * 41, "a-b", "a\x00", "é"])
def test_a_key_is_refused_when_it_is_no_name(define, key):
    with pytest.raises(Invalid) as refused:
        define(key=key)
    assert set(refused.value.fields) == {"key"}


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Budget (EUR)", "budget_eur"),
        ("Бюджет", "field"),
        ("İhale ığ", "ihale_ig"),
        ("2nd name", "field_2nd_name"),
        ("'; DROP TABLE deals; --", "drop_table_deals"),
        ("<script>", "script"),
    ],
)
def test_a_key_is_made_from_the_label(define, label, key):
    assert define(label=label)["key"] == key


def test_a_second_field_gets_another_key_when_labels_are_the_same(define):
    assert [define()["key"], define()["key"]] == ["extra", "extra_2"]


def test_a_retired_choice_stays_with_records_and_is_offered_to_none(desk, define):
    field = define("choice", choices=TWO)
    deal = desk.do("deal.create", name="D", c_extra="red")
    values = [{"value": "red", "label": "Red", "retired": True}, {"label": "Green"}]
    desk.do("custom_field.update", field_id=str(field["id"]), choices=values)
    with pytest.raises(Invalid):
        desk.do("deal.create", name="E", c_extra="red")
    assert desk.ask(lambda uow: get_record(uow, "deal", deal.id).c_extra) == "red"
    found = get_record_type("deal").field("c_extra")
    assert found.offered_choices() == [("green", "Green")]
    assert found.offered_choices("red") == [("red", "Red"), ("green", "Green")]


@pytest.mark.parametrize("kind", ["choice", "multi_choice"])
def test_a_choice_is_not_removed_when_a_record_has_it(desk, define, kind):
    field = define(kind, choices=TWO)
    desk.do("deal.create", name="D", c_extra="red")
    with pytest.raises(Invalid, match="Red"):
        desk.do("custom_field.update", field_id=str(field["id"]), choices=[{"label": "Green"}])


@pytest.mark.parametrize(
    "change",
    [
        ("number", "decimal", {}, 7, Decimal(7)),
        ("number", "text", {}, 7, "7"),
        ("choice", "multi_choice", {"choices": TWO}, "red", ["red"]),
        ("email", "text", {}, "a@b.example", "a@b.example"),
        ("decimal", "text", {}, "1.50", "1.5"),
    ],
)
def test_values_follow_when_a_kind_is_changed(desk, define, change):
    before, after, options, given, expected = change
    field = define(before, **options)
    deal = desk.do("deal.create", name="D", c_extra=given)
    desk.do("custom_field.update", field_id=str(field["id"]), kind=after)
    assert desk.ask(lambda uow: get_record(uow, "deal", deal.id).c_extra) == expected


def test_values_follow_when_a_record_is_written_while_a_kind_is_changed(desk, define):
    field = define("number")
    define("text", "Other")
    deal = desk.do("deal.create", name="D", c_extra=7)
    meanwhile = [lambda: desk.do("custom_field.update", field_id=str(field["id"]), kind="text")]

    def write(uow):
        record = get_record(uow, "deal", deal.id)
        assert record.custom
        while meanwhile:
            meanwhile.pop()()
        record.c_other = "written"

    desk.ask(write)
    kept = desk.ask(lambda uow: get_record(uow, "deal", deal.id))
    assert (kept.c_extra, kept.c_other) == ("7", "written")


def test_a_kind_is_kept_when_values_can_not_follow(desk, define):
    field = define("text")
    desk.do("custom_field.update", field_id=str(field["id"]), kind="date")
    desk.do("deal.create", name="D", c_extra="2026-01-01")
    with pytest.raises(Invalid) as refused:
        desk.do("custom_field.update", field_id=str(field["id"]), kind="number")
    assert set(refused.value.fields) == {"kind"}


def test_a_field_is_gone_with_its_values_when_it_is_deleted_for_good(desk, define, monkeypatch):
    monkeypatch.setattr(deleting, "AT_ONCE", 1)
    key = str(define("text", "Gone", is_indexed=True)["id"])
    deals = [desk.do("deal.create", name="D", c_gone="x") for _ in range(2)]
    with pytest.raises(Conflict, match="Retire"):
        desk.do("custom_field.delete", field_id=key)
    desk.do("custom_field.retire", field_id=key)
    assert desk.do("custom_field.delete", field_id=key)["is_going"]
    for name in ("restore", "update"):
        with pytest.raises(Conflict, match="being deleted"):
            desk.do(f"custom_field.{name}", field_id=key)
    done = 0
    while done < len(slices := desk.jobs("layout.delete_field")):
        deleting.erase_values(desk.platform, **slices[done])
        done += 1
    assert desk.ask(lambda uow: list_fields(uow, "deal")) == []
    define("text", "Gone")
    found = desk.ask(lambda uow: [get_record(uow, "deal", one.id) for one in deals])
    assert [(one.c_gone, one.version) for one in found] == [(None, 2), (None, 2)]


def test_a_link_moves_to_the_kept_record_when_two_are_merged_and_back(desk, define):
    name = define("relation", "Partner", relation="account")["name"]
    kept, dropped = (desk.do("account.create", name=one) for one in ("A", "B"))
    deal = desk.do("deal.create", name="D", **{name: str(dropped.id)})

    def partner(uow):
        return get_record(uow, "deal", deal.id).c_partner_id

    pair = {"kept_id": str(kept.id), "dropped_id": str(dropped.id)}
    merge = desk.do("record.merge", record_type="account", **pair)
    assert desk.ask(partner) == kept.id
    desk.do("record.unmerge", merge_id=str(merge["merge_id"]))
    assert desk.ask(partner) == dropped.id


def test_the_kept_record_takes_over_what_it_lacks_even_if_that_is_unique(desk, define):
    define(label="Code", record_type="account", is_unique=True)
    define("multi_choice", "Parts", "account", choices=TWO)
    kept = desk.do("account.create", name="A")
    dropped = desk.do("account.create", name="B", c_code="x", c_parts=["red"])
    pair = {"kept_id": str(kept.id), "dropped_id": str(dropped.id)}
    desk.do("record.merge", record_type="account", **pair)
    found = desk.ask(lambda uow: get_record(uow, "account", kept.id))
    assert (found.c_code, found.c_parts) == ("x", ["red"])


def test_another_process_sees_a_field_within_a_second(desk, define, monkeypatch):
    define()
    look_again(desk.platform)
    # What another process has written, this one finds when its second is over.
    statement = "UPDATE custom_fields SET label = 'Otherwise'; UPDATE layout_versions SET token = "
    with desk.platform.engine.begin() as connection:
        connection.execute(text(statement + "gen_random_uuid()"))
    desk.ask(lambda uow: None)
    assert get_record_type("deal").field("c_extra").label == "Extra"
    monkeypatch.setattr(_KNOWN, "check_at", _KNOWN.check_at - CHECK_SECONDS)
    desk.ask(lambda uow: None)
    assert get_record_type("deal").field("c_extra").label == "Otherwise"


def test_nothing_is_left_of_a_field_when_its_transaction_failed(desk):
    def fail(uow):
        raw = {"record_type": "deal", "label": "Extra", "kind": "text"}
        run(uow, "custom_field.create", raw)
        raise Conflict("no")

    with pytest.raises(Conflict):
        desk.ask(fail)
    desk.ask(lambda uow: None)
    assert get_record_type("deal").added_fields == ()


def test_a_type_can_have_two_hundred_fields(desk, define):
    def many(uow):
        for number in range(200):
            raw = {"record_type": "deal", "label": f"F {number}", "kind": "text"}
            run(uow, "custom_field.create", raw)

    desk.ask(many)
    deal = desk.do("deal.create", name="D", **{f"c_f_{number}": "x" for number in range(200)})
    shown = desk.ask(lambda uow: present_record(get_record(uow, "deal", deal.id), uow))
    assert sum(value == "x" for value in shown.values()) == 200
    assert MAX_FIELDS > 200


def test_a_list_takes_as_many_statements_with_added_fields_as_without(desk, define):
    def statements():
        with desk.counting() as found:
            desk.ask(list_records, "deal")
        return len(found)

    desk.do("deal.create", name="D")
    before = statements()
    for kind, (options, *_) in KINDS.items():
        define(kind, kind.replace("_", " "), **options)
    assert statements() == before


def test_fields_move_up_and_down(desk, define):
    keys = [define(label=label)["id"] for label in ("A", "B", "C")]
    desk.do("custom_field.move", field_id=str(keys[2]), direction="up")
    desk.do("custom_field.move", field_id=str(keys[0]), direction="up")
    assert [one.label for one in get_record_type("deal").added_fields] == ["A", "C", "B"]


def test_only_administrators_define_fields(staff):
    with pytest.raises(NotAllowed):
        staff.do("custom_field.create", "maria", record_type="deal", label="A", kind="text")


def race(desk, do):
    """Let two threads do the same at once, and return what came of each."""
    gate, results = threading.Barrier(2), []

    def attempt():
        gate.wait()
        try:
            results.append(do())
        except Invalid as error:
            results.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.platform
    return results

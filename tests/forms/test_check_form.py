"""The whole form: keys, conditions, what may not be written, lists, computed fields."""

from collections.abc import Mapping

import pytest

from feel import WorkingCalendar
from forms import FormError, check_form, form_initial_data, form_keys
from tests.forms.schemas import field, form, options


class Lazy(Mapping):
    """A record whose fields are loaded when asked for; asking for ``secret`` fails the test."""

    def __init__(self, **values):
        self.values_by_name = values

    def __getitem__(self, name):
        assert name != "secret"
        return self.values_by_name[name]

    def __iter__(self):
        return iter([*self.values_by_name, "secret"])

    def __len__(self):
        return len(self.values_by_name) + 1


def test_values_are_nested_when_keys_have_dots():
    schema = form(field("textfield", "lead.company"), field("textfield", "lead.contact.name"))
    data = {"lead": {"company": "Fjord", "contact": {"name": "Anna"}}}
    assert check_form(schema, data).values == data
    assert form_keys(schema) == ("lead.company", "lead.contact.name")


def test_a_field_is_left_out_when_it_was_not_sent():
    schema = form(field("textfield", "a"), field("textfield", "b"))
    assert check_form(schema, {"a": "x"}, {"b": "kept"}).values == {"a": "x"}


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ({"b": 1}, {"b"}),
        ({"lead": {"company": "x", "owner_id": 1}}, {"lead.owner_id"}),
        ({"lead": 5}, {"lead"}),
        ({"lead.company": "x"}, {"lead.company"}),
        ({"a": {"nested": 1}}, {"a"}),
        ({"rows": [{"price": 1, "id": 7}]}, {"rows.0.id"}),
        ({"rows": {"price": 1}}, {"rows"}),
        ({"rows": [3]}, {"rows"}),
    ],
)
def test_a_key_is_refused_when_the_form_does_not_have_it(data, keys):
    schema = form(
        field("textfield", "a"),
        field("textfield", "lead.company"),
        {"type": "dynamiclist", "path": "rows", "components": [field("number", "price")]},
    )
    assert set(check_form(schema, data).errors) == keys


def test_unknown_keys_are_counted_when_there_are_many():
    result = check_form(form(), {str(number): 1 for number in range(1000)})
    assert len(result.errors) == 20


def test_a_hidden_field_is_dropped_whatever_was_sent():
    schema = form(
        field("radio", "outcome", values=options("won", "lost")),
        field("textfield", "reason", hide='=outcome != "lost"', validate={"required": True}),
    )
    assert check_form(schema, {"outcome": "won", "reason": 3}).values == {"outcome": "won"}
    assert set(check_form(schema, {"outcome": "lost"}).errors) == {"reason"}
    assert not check_form(schema, {"outcome": "lost", "reason": "Price"}).errors


def test_a_field_is_hidden_when_its_group_is():
    group = {
        "type": "group",
        "conditional": {"hide": "=simple"},
        "components": [field("number", "size", validate={"required": True})],
    }
    schema = form(field("checkbox", "simple"), group)
    assert check_form(schema, {"simple": True, "size": 3}).values == {"simple": True}
    assert set(check_form(schema, {"simple": False}).errors) == {"size"}


def test_a_condition_sees_nothing_of_a_field_that_is_hidden_itself():
    schema = form(
        field("checkbox", "short"),
        field("textfield", "lead.source", hide="=short"),
        field("textfield", "lead.keyword", hide='=lead.source != "ad"'),
    )
    data = {"short": True, "lead": {"source": "ad", "keyword": "doors"}}
    assert check_form(schema, data).values == {"short": True}


def test_a_condition_reads_records_when_they_are_asked_for():
    schema = form(field("textfield", "reason", hide="=deal.amount <= 1000"))
    context = {"deal": Lazy(amount=5000)}
    assert check_form(schema, {"reason": "x"}, context).values == {"reason": "x"}
    assert check_form(schema, {"reason": "x"}, {"deal": Lazy(amount=10)}).values == {}


def test_what_was_entered_covers_the_record_when_a_condition_asks():
    schema = form(
        field("number", "deal.amount"), field("textfield", "why", hide="=deal.amount < 9")
    )
    result = check_form(schema, {"deal": {"amount": 10}, "why": "x"}, {"deal": Lazy(amount=1)})
    assert result.values == {"deal": {"amount": 10}, "why": "x"}


@pytest.mark.parametrize(
    "settings", [{"disabled": True}, {"readonly": True}, {"readonly": "=locked"}]
)
def test_a_field_is_not_written_when_it_is_read_only(settings):
    schema = form(field("number", "deal.amount", validate={"required": True}, **settings))
    result = check_form(schema, {"deal": {"amount": 1}}, {"locked": True, "deal": Lazy(amount=9)})
    assert result.values == {}
    assert result.errors == {}


def test_a_read_only_field_can_not_open_itself():
    schema = form(field("checkbox", "locked", readonly="=locked"))
    assert check_form(schema, {"locked": False}, {"locked": True}).values == {}


def test_a_condition_uses_the_records_value_of_a_read_only_field():
    schema = form(
        field("number", "amount", readonly=True),
        field("textfield", "why", hide="=amount > 5"),
    )
    assert check_form(schema, {"amount": 1, "why": "x"}, {"amount": 10}).values == {}


def test_a_condition_sees_an_empty_text_when_the_record_has_none():
    schema = form(
        field("textfield", "lead.company"), field("number", "x", hide='=lead.company = ""')
    )
    assert check_form(schema, {"x": 1}, {"lead": Lazy(company=None)}).values == {}


def test_a_computed_field_is_the_servers_when_the_client_sends_its_own():
    schema = form(
        field("number", "price"),
        field("number", "pieces"),
        field("expression", "total", expression="=price * pieces"),
    )
    result = check_form(schema, {"price": 2.5, "pieces": 4, "total": 1})
    assert result.values["total"] == 10


def test_each_row_is_checked_when_a_list_is_sent():
    rows = {
        "type": "dynamiclist",
        "path": "order.rows",
        "components": [
            field("textfield", "product", validate={"required": True}),
            field("number", "price", hide="=this.gift = true", validate={"min": 1}),
            field("checkbox", "gift"),
            field("textfield", "note", hide="=i[1] = 1"),
        ],
    }
    sent = [
        {"product": "Door", "price": 0, "gift": True, "note": "x"},
        {"product": " ", "price": 0, "gift": False, "note": "y"},
    ]
    result = check_form(form(rows), {"order": {"rows": sent}})
    assert set(result.errors) == {"order.rows.1.product", "order.rows.1.price"}
    assert result.values["order"]["rows"][0] == {"product": "Door", "gift": True}
    assert form_keys(form(rows)) == ("order.rows",)


def test_a_row_of_a_row_sees_both_when_lists_are_nested():
    inner = {
        "type": "dynamiclist",
        "path": "parts",
        "components": [field("number", "size", validate={"max": "=parent.most"})],
    }
    outer = {"type": "dynamiclist", "path": "rows", "components": [field("number", "most"), inner]}
    sent = {"rows": [{"most": 1, "parts": [{"size": 1}]}, {"most": 1, "parts": [{"size": 2}]}]}
    assert set(check_form(form(outer), sent).errors) == {"rows.1.parts.0.size"}


def test_a_list_is_refused_when_rows_are_too_many():
    rows = {"type": "dynamiclist", "path": "rows", "components": [field("number", "n")]}
    assert set(check_form(form(rows), {"rows": [{}] * 201}).errors) == {"rows"}


def test_a_list_is_refused_when_its_rows_are_fixed():
    rows = {
        "type": "dynamiclist",
        "path": "rows",
        "allowAddRemove": False,
        "components": [field("number", "n")],
    }
    context = {"rows": [{"n": 1}, {"n": 2}]}
    assert set(check_form(form(rows), {"rows": [{"n": 1}]}, context).errors) == {"rows"}
    assert not check_form(form(rows), {"rows": [{"n": 1}, {"n": 3}]}, context).errors


def test_an_expression_has_no_value_when_it_runs_too_long():
    schema = form(field("textfield", "x", hide="=count(for i in 1..999999999 return i) > 0"))
    assert check_form(schema, {"x": "a"}).values == {"x": "a"}


def test_a_wrong_schema_is_refused_when_it_was_never_parsed():
    with pytest.raises(FormError):
        check_form(form(field("wormhole", "x")), {})


def test_keys_are_named_without_those_that_are_always_read_only():
    schema = form(
        field("number", "deal.amount"),
        field("textfield", "deal.account.name", readonly=True),
        field("textfield", "deal.needs", readonly="=locked"),
        field("textfield", "deal.stage", disabled=True),
    )
    assert form_keys(schema, writable_only=True) == ("deal.amount", "deal.needs")


@pytest.mark.parametrize(
    ("condition", "hidden"),
    [
        ("=a > 2", {"a": 3}),
        ("=a > 2", {}),
        ("=missing.size > 2", {}),
        ("=not(a > 2)", {"a": 1}),
        ("=not(a > 2) or false", {"a": 1}),
        ('=not(a = ")") and true', {"a": 1}),
    ],
)
def test_a_field_is_hidden_when_its_condition_holds_or_has_no_value(condition, hidden):
    schema = form(field("number", "a"), field("number", "x", hide=condition))
    assert check_form(schema, {**hidden, "x": 1}).values == hidden


@pytest.mark.parametrize(
    ("condition", "shown"), [("=a > 2", {"a": 1}), ("=not(a > 2)", {}), ("=a", {"a": 7})]
)
def test_a_field_is_shown_when_its_condition_does_not_hold(condition, shown):
    schema = form(field("number", "a"), field("number", "x", hide=condition))
    assert check_form(schema, {**shown, "x": 1}).values == {**shown, "x": 1}


@pytest.mark.parametrize(
    ("component", "held", "condition"),
    [
        (field("textfield", "a"), 7, '=a = "7"'),
        (field("textfield", "a"), ["x"], '=a = ""'),
        (field("checkbox", "a"), "true", "=a = false"),
        (field("number", "a"), "many", "=a = null"),
        (field("datetime", "a"), 20260302, "=a = null"),
        (field("radio", "a", values=options("x")), "y", "=a = null"),
        (field("checklist", "a", values=options("x", "z")), ["x", "y"], '=a = ["x"]'),
    ],
)
def test_a_condition_sees_what_the_browser_makes_of_a_value_that_does_not_fit(
    component, held, condition
):
    schema = form(component, field("number", "n", hide=condition))
    assert check_form(schema, {"n": 1}, {"a": held}).values == {}


def test_a_condition_counts_the_row_that_the_browser_begins_a_list_with():
    rows = {"type": "dynamiclist", "path": "rows", "components": [field("number", "n")]}
    schema = form(rows, field("number", "x", hide="=count(rows) = 1"))
    assert check_form(schema, {"x": 1}).values == {}
    assert check_form(schema, {"x": 1}, {"rows": [{}, {}]}).values == {"x": 1}


def nested(depth):
    made = []
    for _ in range(depth):
        made = [made]
    return made


@pytest.mark.parametrize("kind", ["radio", "select", "checklist", "textfield", "datetime"])
def test_a_value_is_refused_when_it_is_nested_without_end(kind):
    settings = {"values": options("a")} if kind not in {"textfield", "datetime"} else {}
    schema = form(field(kind, "x", **settings))
    assert set(check_form(schema, {"x": nested(900)}).errors) == {"x"}


def test_a_form_opens_when_a_variable_is_nested_without_end():
    schema = form(field("select", "x", valuesKey="deep"), field("number", "n", hide="=deep = 1"))
    context = {"deep": nested(900), "x": nested(900)}
    assert set(check_form(schema, {"x": "a"}, context).errors) == {"x"}
    assert set(form_initial_data(schema, {}, context)) == {"deep", "x"}


class OfficeHours:
    """One calendar, the default one."""

    def find(self, name):
        week = (((540, 1020),),) * 5 + ((), ())
        return WorkingCalendar("Office", "UTC", week) if name is None else None


def test_a_condition_counts_working_time_when_the_form_is_checked():
    rules = {"conditional": {"hide": "=is working time(date and time(at), calendar)"}}
    schema = form(field("textfield", "why", **rules))
    data = {"why": "because"}
    for at, calendar, kept in (
        ("2026-03-02T10:00:00Z", None, False),
        ("2026-03-01T10:00:00Z", None, True),
        ("2026-03-01T10:00:00Z", "Mars", False),  # what has no value holds
    ):
        context = {"at": at, "calendar": calendar}
        found = check_form(schema, data, context, calendars=OfficeHours())
        assert ("why" in found.values) is kept

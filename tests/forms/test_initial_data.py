"""What a form is opened with."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import orjson

from forms import check_form, form_initial_data
from tests.forms.schemas import field, form, options
from tests.forms.test_check_form import Lazy

KEY = "0190a000-0000-7000-8000-000000000001"


def test_only_what_the_form_names_leaves_the_server():
    schema = form(
        {"type": "text", "text": "{{deal.account.name}} wants {{count(deal.items)}}"},
        field("number", "deal.amount"),
        field("textfield", "why", hide='=deal.stage = "won"'),
        field("select", "city", valuesKey="cities"),
        field("textfield", "nothing"),
    )
    record = Lazy(amount=Decimal("10.50"), stage="won", items=[1], account=Lazy(name="Fjord"))
    variables = {"why": "price", "cities": ["Oslo"], "token": "hidden"}
    assert form_initial_data(schema, {"deal": record}, variables) == {
        "deal": {
            "amount": 10.5,
            "stage": "won",
            "items": [1],
            "account": {"name": "Fjord"},
        },
        "why": "price",
        "cities": ["Oslo"],
    }


def test_values_are_ready_for_json_when_records_hold_other_types():
    record = Lazy(
        amount=Decimal("3.00"),
        key=UUID(KEY),
        due_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        close_on=date(2026, 3, 5),
        cut_at=datetime(2026, 3, 7, 9, 30, tzinfo=UTC),
    )
    schema = form(
        *(field("textfield", f"deal.{name}") for name in ("amount", "key", "due_at", "close_on")),
        field("datetime", "deal.cut_at", subtype="date"),
    )
    data = form_initial_data(schema, {"deal": record}, {})
    assert orjson.loads(orjson.dumps(data)) == {
        "deal": {
            "amount": 3,
            "key": KEY,
            "due_at": "2026-03-02T09:30:00Z",
            "close_on": "2026-03-05",
            "cut_at": "2026-03-07",
        }
    }


def test_a_whole_record_shows_its_own_fields_when_an_expression_names_it():
    schema = form(field("textfield", "x", hide="=deal = null"))

    class Record(Lazy):
        def __iter__(self):
            return iter(self.values_by_name)

    record = Record(name="Doors", account=Record(name="Fjord"))
    assert form_initial_data(schema, {"deal": record}, {}) == {"deal": {"name": "Doors"}}


def test_a_variable_shadows_a_record_of_the_same_name():
    schema = form(field("textfield", "deal.name"))
    variables = {"deal": {"name": "variable"}}
    assert form_initial_data(schema, {"deal": Lazy(name="record")}, variables) == variables


def test_words_in_quotes_are_no_names():
    schema = form(field("radio", "x", values=options("a"), hide='=y = "token"'))
    assert form_initial_data(schema, {}, {"token": "hidden", "y": 1}) == {"y": 1}


def test_a_field_starts_empty_when_it_is_not_to_be_prefilled():
    outcome = field("textfield", "outcome", properties={"prefill": "no"})
    schema = form(outcome, field("textfield", "why", hide='=outcome != "lost"'))
    variables = {"outcome": "lost", "why": "price"}
    assert form_initial_data(schema, {}, variables) == {"why": "price"}
    assert check_form(schema, {"why": "x"}, variables).values == {}

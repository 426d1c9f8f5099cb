"""Fields that are computed: what formulas give, and what keeps them from making no sense."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.custom.fields import list_fields
from services.errors import Conflict, Invalid
from services.records.types import LiveRecord, get_record


def test_a_formula_is_computed_from_the_record_and_what_it_is_linked_to(desk, define):
    define("decimal", "Factor")
    define("formula", "Weighted", formula="amount * c_factor", result="decimal")
    define("formula", "Where", formula='account.city + "!"', result="text")
    account = desk.do("account.create", name="A", city="Oslo")
    deal = desk.do("deal.create", name="D", amount=10, c_factor="1.5", account_id=str(account.id))

    def read(uow):
        found = get_record(uow, "deal", deal.id)
        return found.c_weighted, found.c_where, LiveRecord(uow, found)["c_weighted"]

    assert desk.ask(read) == (Decimal("15.000"), "Oslo!", Decimal("15.000"))


@pytest.mark.parametrize(
    "formula",
    ["1 +", "nothing", "account.nothing", "c_loop + 1", "c_other", "(" * 3_000, "", "x" * 2_001],
)
def test_a_formula_is_refused_when_it_makes_no_sense(desk, define, formula):
    define("decimal", "Base")
    define("formula", "Other", formula="c_base + 1", result="decimal")
    others = desk.ask(list_fields, "deal")
    if formula == "c_other":
        with pytest.raises(Invalid):
            desk.do(
                "custom_field.update",
                field_id=str(next(one.id for one in others if one.key == "other")),
                formula="c_other + 1",
            )
        return
    with pytest.raises(Invalid) as refused:
        define("formula", "Loop", formula=formula, result="decimal")
    assert set(refused.value.fields) == {"formula"}


def test_two_formulas_do_not_need_each_other(desk, define):
    first = define("formula", "First", formula="amount", result="decimal")
    define("formula", "Second", formula="c_first + 1", result="decimal")
    with pytest.raises(Invalid, match="its own result"):
        desk.do("custom_field.update", field_id=str(first["id"]), formula="c_second")


def test_a_formula_is_empty_when_records_stand_in_a_circle(desk, define):
    define("relation", "Main deal", "account", relation="deal")
    define("formula", "Of deal", "deal", formula="amount", result="decimal")
    define("formula", "Of account", "account", formula="c_main_deal.c_of_deal", result="decimal")
    field = next(one for one in desk.ask(list_fields, "deal") if one.key == "of_deal")
    desk.do("custom_field.update", field_id=str(field.id), formula="account.c_of_account")
    account = desk.do("account.create", name="A")
    deal = desk.do("deal.create", name="D", account_id=str(account.id))
    desk.do("account.update", account_id=str(account.id), c_main_deal_id=str(deal.id))
    assert desk.ask(lambda uow: get_record(uow, "deal", deal.id).c_of_deal) is None


def test_a_field_is_not_retired_when_a_formula_needs_it(desk, define):
    field = define("decimal", "Base")
    define("formula", "Other", formula="c_base + 1", result="decimal")
    with pytest.raises(Conflict, match="Other"):
        desk.do("custom_field.retire", field_id=str(field["id"]))


def test_a_field_is_not_retired_when_a_formula_reads_it_over_a_link(desk, define):
    field = define("decimal", "Score", "account")
    other = define("formula", "Twice", formula="account.c_score * 2", result="decimal")
    with pytest.raises(Conflict, match="Twice of Deals"):
        desk.do("custom_field.retire", field_id=str(field["id"]))
    desk.do("custom_field.retire", field_id=str(other["id"]))
    assert desk.do("custom_field.retire", field_id=str(field["id"]))["retired_at"]


@pytest.mark.parametrize(
    ("formula", "result", "expected"),
    [
        ("1 / 3", "decimal", "0.3333333333"),
        ("200 / 3", "percent", "66.67"),
        ("amount * 1.0", "money", "100"),
        ("10 ** 400", "decimal", None),
        ("amount / 0", "money", None),
    ],
)
def test_a_number_is_as_long_as_fields_keep_it_when_a_formula_computes_it(
    desk, define, formula, result, expected
):
    define("formula", "Sum", formula=formula, result=result)
    deal = desk.do("deal.create", name="D", amount="100")
    found = desk.ask(lambda uow: get_record(uow, "deal", deal.id).c_sum)
    assert (None if found is None else str(found)) == expected

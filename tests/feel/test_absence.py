"""What a condition gives when something that it reads is not there."""

import pytest

import feel


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("deal.limit > 5", ["limit"]),
        ("deal.limit != null and deal.limit > 5", []),
        ("deal.limit > 5 and deal.limit != null", []),
        ("deal.limit = null or deal.limit < 3", []),
        ("deal.limit != null and deal.limit > deal.amount", ["amount"]),
        ("if deal.limit = null then false else deal.limit > 1", []),
        ("if deal.limit != null then deal.limit > 1 else false", []),
        ("if kind = 1 then deal.limit > 1 else true", ["limit"]),
        ("deal.limit = 5", []),
        ("not(deal.limit = null) and deal.limit * 2 + 1 > 3", []),
        ("-deal.limit + 1 < 2 ", ["limit"]),
        ("not(deal.is_new)", ["is_new"]),
        ("deal.is_new", ["is_new"]),
        ("deal.limit between 1 and 3", ["limit"]),
        ("deal.limit in (1..3)", ["limit"]),
        ('deal.name in ("a", "b")', []),
        ('contains(deal.name, "a")', ["name"]),
        ('deal.account.city = "Oslo"', []),
        ("deal.account.limit > 1", ["account"]),
        ("some one in deal.lines satisfies one > 1", []),
        ("limit > 5 and other.limit > 5", []),
    ],
)
def test_an_entry_is_missed_when_a_condition_is_null_without_it(text, missed):
    assert feel.null_without(text, "deal") == missed
    # What is said of one that is not there holds when it is evaluated like that.
    whole = {"limit": 2, "amount": 3, "is_new": True, "name": "a", "account": {"limit": 2}}
    for name in missed:
        context = {"deal": {**whole, name: None}, "kind": 1}
        assert feel.evaluate(text, context) is None


def test_entries_and_the_texts_that_they_are_compared_with_are_told():
    text = 'deal.stage = "offer" or "won" != deal.stage or deal.amount > 1 or other.stage = "x"'
    assert feel.entries_used(text, "deal") == ["stage", "amount"]
    assert feel.comparisons(text, "deal") == [("stage", "offer"), ("stage", "won")]

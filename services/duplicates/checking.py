"""Whether a rule makes sense, before it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from services.duplicates.anchors import (
    anchors_of,
    comparable_fields,
    has_index,
    matches_names,
)
from services.duplicates.rules import Method, Rule, Use
from services.errors import Invalid
from services.records.types import RecordType, get_record_type


def check_rule(rule: Rule, *, others: Iterable[Rule] = ()) -> None:
    """Refuse a rule that can't find anything, or not all that it calls the same.

    Raises:
        Invalid: With the part of the rule that is wrong.
    """
    record_type = get_record_type(rule.record_type)
    faults: dict[str, list[str]] = {}
    if rule.name.casefold() in {one.name.casefold() for one in others}:
        faults["name"] = ["Another rule of this type is called so."]
    if wrong := list(_wrong_conditions(record_type, rule)):
        faults["conditions"] = wrong
    elif rule.needed > sum(one.weight for one in rule.counted):
        faults["needed"] = ["All conditions together give fewer points than that."]
    elif not anchors_of(record_type, rule):
        faults["conditions"] = [_no_anchor(record_type)]
    if faults:
        raise Invalid("Please check the marked fields.", faults)


def slow_fields(rule: Rule) -> list[str]:
    """Return the labels of fields by which a rule looks records up though they have no index.

    Typing and saving wait for it: not among ten thousand records, but among a million.
    """
    if not any(rule.is_for(use) for use in (Use.TYPING, Use.SAVE, Use.IMPORT)):
        return []
    record_type = get_record_type(rule.record_type)
    labels = {field.name: field.label for field in record_type.fields}
    return [
        labels[one.field]
        for one in anchors_of(record_type, rule)
        if not has_index(record_type, one)
    ]


def _wrong_conditions(record_type: RecordType, rule: Rule) -> Iterator[str]:
    known = {field.name: field for field in comparable_fields(record_type)}
    for one in rule.conditions:
        field = known.get(one.field)
        if field is None:
            yield f"There is no field {one.field} that can be compared."
        elif one.method == Method.SIMILAR and field.kind != "text":
            yield f"{field.label} is no text that could be similar."
    for name, count in Counter(one.field for one in rule.conditions).items():
        if count > 1 and name in known:
            yield f"{known[name].label} stands in several conditions."
    if not rule.counted:
        yield "Some condition must speak for two records being the same."


def _no_anchor(record_type: RecordType) -> str:
    named = next(
        (field.label for field in record_type.fields if matches_names(record_type, field.name)), ""
    )
    also = f", or for a similar {named.lower()}" if named else ""
    return (
        "By these conditions each record would have to be compared with each. Ask for the same in "
        f"a field that few records share{also}; where points count, it must be needed for them."
    )

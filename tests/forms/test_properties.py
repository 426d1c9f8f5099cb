"""Whatever is accepted fits the schema, whatever is sent."""

import string
from datetime import date, datetime, time

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import check_form, find_faults
from tests.forms.schemas import field, form, options

CHOICES = ["a", "b", 1, True]
KEYS = ["a", "b", "lead.name", "lead.size", "deep.er.key"]

RULES = {
    "required": st.booleans(),
    "min": st.integers(-5, 0),
    "max": st.integers(1, 5),
    "minLength": st.integers(0, 2),
    "maxLength": st.integers(3, 6),
    "pattern": st.sampled_from(["^[a-z]*$", "[0-9]", ""]),
    "validationType": st.sampled_from(["", "email", "phone"]),
}
OWN_RULES = {"number": ["min", "max"], "textfield": list(RULES)[3:], "textarea": list(RULES)[3:]}


def rules_of(kind):
    names = ["required", *OWN_RULES.get(kind, [])]
    return st.fixed_dictionaries({}, optional={name: RULES[name] for name in names})


hides = st.sampled_from([None, "=a = null", '=b = "x"', "=lead.size > 2", "=not(a = 1)"])
kinds = st.sampled_from(
    ["textfield", "textarea", "number", "checkbox", "radio", "checklist", "datetime"]
)


@st.composite
def components(draw, key):
    kind = draw(kinds)
    made = field(kind, key, hide=draw(hides), validate=draw(rules_of(kind)))
    if kind in {"radio", "checklist"}:
        made["values"] = options(*CHOICES)
    if kind == "datetime":
        made["subtype"] = draw(st.sampled_from(["date", "time", "datetime"]))
    if kind == "number":
        made["serializeToString"] = draw(st.booleans())
        made["decimalDigits"] = draw(st.integers(0, 3))
    made["readonly"] = draw(st.sampled_from([False, True, "=a = 2"]))
    return made


@st.composite
def forms_of_fields(draw):
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=5))
    made = [draw(components(key)) for key in keys]
    if draw(st.booleans()):
        inner = [draw(components("cell"))]
        made.append({"type": "dynamiclist", "path": "rows", "components": inner})
    return form(*made)


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(string.printable + "\x00é\u2028", max_size=8),
    st.sampled_from([*CHOICES, "2026-03-02", "10:30", "2026-03-02T10:30", "a@b.c", "+4722334455"]),
    st.lists(st.sampled_from(CHOICES), max_size=3),
)
objects = st.fixed_dictionaries(
    {}, optional={"name": leaves, "size": leaves, "er": st.dictionaries(st.just("key"), leaves)}
)
row_lists = st.lists(st.dictionaries(st.sampled_from(["cell", "other"]), leaves), max_size=3)
answers = st.fixed_dictionaries(
    {},
    optional={
        "a": leaves,
        "b": leaves,
        "lead": objects,
        "deep": objects,
        "rows": row_lists | leaves,
    },
)


def fits(component, value):
    """The schema's own meaning, told once more in other words."""
    kind, demands = component["type"], component["validate"]
    if value in (None, "", []) or (kind == "checkbox" and value is False):
        return not demands.get("required")
    return FITS[kind](component, demands, value)


def fits_text(component, demands, value):
    length = len(value.strip())
    shape = {"^[a-z]*$": lambda t: all("a" <= c <= "z" for c in t), "[0-9]": has_digit}
    return (
        isinstance(value, str)
        and demands.get("minLength", 0) <= length <= demands.get("maxLength", 10)
        and shape.get(demands.get("pattern"), bool)(value)
        and (demands.get("validationType") != "email" or value.count("@") == 1)
        and (demands.get("validationType") != "phone" or value.startswith(("+", "00")))
    )


def has_digit(text):
    return any(character in string.digits for character in text)


def fits_number(component, demands, value):
    assert isinstance(value, str) == component["serializeToString"]
    assert not isinstance(value, bool)
    number = float(value)
    digits = component["decimalDigits"]
    return (
        demands.get("min", -1e99) <= number <= demands.get("max", 1e99)
        and abs(number * 10**digits - round(number * 10**digits)) < 1e-6
    )


def fits_moment(component, demands, value):
    read = {"date": date, "time": time, "datetime": datetime}[component["subtype"]]
    return read.fromisoformat(value) is not None


def offered(value):
    return any(type(value) is type(choice) and value == choice for choice in CHOICES) or (
        isinstance(value, float) and value == 1.0
    )


FITS = {
    "textfield": fits_text,
    "textarea": fits_text,
    "number": fits_number,
    "checkbox": lambda component, demands, value: value is True,
    "radio": lambda component, demands, value: offered(value),
    "checklist": lambda component, demands, value: all(map(offered, value)),
    "datetime": fits_moment,
}


def placed(values, prefix=""):
    """Each accepted value with its key; in rows without their number."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from placed(value, f"{prefix}{name}.")
        elif name == "rows" and isinstance(value, list):
            for row in value:
                yield from placed(row, "rows.")
        else:
            yield f"{prefix}{name}", value


@settings(max_examples=80)
@given(schema=forms_of_fields(), data=answers, context=answers)
def test_what_is_accepted_fits_the_schema(schema, data, context):
    assert find_faults(schema) == []
    result = check_form(schema, data, context)
    by_key = {
        part.get("key", "rows.cell"): part["components"][0] if "components" in part else part
        for part in schema["components"]
    }
    orjson.dumps(result.values)
    for key, value in placed(result.values):
        component = by_key[key]
        assert component["readonly"] is not True
        assert result.errors or fits(component, value), (component, value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from(
    ["type", "key", "id", "path", "validate", "values", "conditional", "components", "readonly"]
)
kinds_or_not = st.sampled_from(["textfield", "select", "group", "dynamiclist", "expression", "x"])


@settings(max_examples=80)
@given(
    parts=st.lists(
        st.dictionaries(names, json_values, max_size=6).flatmap(
            lambda part: kinds_or_not.map(lambda kind: {**part, "type": kind})
        ),
        max_size=4,
    ),
    data=st.dictionaries(st.text(max_size=4), json_values, max_size=3),
)
def test_any_schema_is_either_refused_or_checked(parts, data):
    schema = form(*parts)
    if not find_faults(schema):
        check_form(schema, data)

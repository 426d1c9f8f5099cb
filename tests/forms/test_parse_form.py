"""What is refused when a form is deployed."""

import json

import pytest

from forms import FormError, find_faults, parse_form
from forms.faults import MAX_COMPONENTS
from tests.forms.schemas import field, form, options


def test_a_form_is_read_when_it_is_sound():
    rows = {"type": "dynamiclist", "path": "rows", "components": [field("number", "n")]}
    schema = form(
        {"type": "text", "text": "# Deal\n\n{{#if deal.amount > 3}} large {{/if}} {{deal.name}}"},
        field("textfield", "deal.name", validate={"pattern": "^[A-Z]"}),
        field("textfield", "deal.needs"),
        {"type": "group", "components": [field("select", "x", valuesExpression="=offers")]},
        rows,
        {"type": "button", "action": "submit"},
    )
    assert parse_form(json.dumps(schema)).id == "test"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"type": "default"}', "\ud800"])
def test_a_file_is_refused_when_it_is_no_form(text):
    with pytest.raises(FormError):
        parse_form(text)


def test_a_file_is_refused_when_it_is_too_large():
    with pytest.raises(FormError, match="bytes"):
        parse_form(" " * (512 * 1024 + 1))


def nested(depth):
    made = field("number", "x")
    for _ in range(depth):
        made = {"type": "group", "components": [made]}
    return made


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (field("wormhole", "x"), "no component of the type"),
        (field("filepicker", "x"), "Attach the file"),
        ({"type": "iframe", "url": "https://example.com"}, "link"),
        ({"type": "textfield"}, "no key"),
        ({"type": "dynamiclist", "components": []}, "no path"),
        (field("textfield", "a..b"), "is no key"),
        (field("textfield", "__proto__.x"), "is no key"),
        (field("textfield", "rows.0"), "is no key"),
        (field("textfield", "a.b.c.d.e.f.g.h.i"), "too long"),
        (field("textfield", "x", hide="amount > 3"), "no expression"),
        (field("textfield", "x", hide="=amount >"), "not right"),
        (field("textfield", "x", readonly="yes"), "readonly"),
        (field("textfield", "x", disabled="=true"), "disabled"),
        ({"type": "group", "readonly": True, "components": []}, "Only a field"),
        (field("textfield", "x", label=3), "must be a text"),
        (field("textfield", "x", label="={"), "not right"),
        (field("textfield", "x", validate={"pattern": "(?=a)"}), "Look-around"),
        (field("textfield", "x", validate={"pattern": "a" * 1001}), "characters"),
        (field("textfield", "x", validate={"required": "=true"}), "required"),
        (field("textfield", "x", validate={"validationType": "iban"}), "kind of text"),
        (field("textfield", "x", validate={"minLength": 1.5}), "no length"),
        (field("textfield", "x", validate={"minLength": 3, "maxLength": 2}), "greater"),
        (field("number", "x", validate={"min": "a lot"}), "no number"),
        (field("number", "x", validate={"min": "=1 +"}), "not right"),
        (field("number", "x", decimalDigits=-1), "decimal digits"),
        (field("number", "x", increment="0"), "increment"),
        (field("select", "x"), "nowhere"),
        (field("select", "x", values=options("a"), valuesKey="b"), "two places"),
        (field("select", "x", values=[]), "list of 1"),
        (field("select", "x", values=options("a", "a")), "same value"),
        (field("select", "x", values=[{"label": "none"}]), "no value"),
        (field("select", "x", valuesExpression="cities"), "no expression"),
        (field("datetime", "x", subtype="week"), "kind of time"),
        (field("datetime", "x", timeSerializingFormat="local"), "format"),
        (field("number", "x", properties={"prefill": "perhaps"}), "prefill"),
        (field("number", "x", validate={"maxLength": 3}), "not for a number"),
        (field("checkbox", "x", validate={"min": 1}), "not for a checkbox"),
        (field("expression", "x", expression="1"), "needs an expression"),
        (nested(11), "deep"),
        ("text", "must be an object"),
    ],
)
def test_a_component_is_refused_when_it_can_not_be_checked(component, words):
    with pytest.raises(FormError, match=words):
        parse_form(json.dumps(form(component)))


@pytest.mark.parametrize(
    "components",
    [
        [field("number", "x"), field("number", "x", id="other")],
        [field("number", "x"), field("number", "y", id="Field_x")],
        [field("number", "lead"), field("number", "lead.x")],
        [field("number", "lead.x"), field("number", "lead")],
        [
            {"type": "dynamiclist", "path": "rows", "components": [field("number", "x")]},
            field("number", "rows.y"),
        ],
        [
            field("number", "rows.y"),
            {"type": "dynamiclist", "path": "rows", "components": [field("number", "x")]},
        ],
    ],
)
def test_a_form_is_refused_when_components_claim_the_same(components):
    assert len(find_faults(form(*components))) == 1


def test_two_groups_may_share_a_path():
    groups = [
        {"type": "group", "path": "lead", "components": [field("number", key)]} for key in "xy"
    ]
    assert find_faults(form(*groups)) == []


def test_a_form_is_refused_when_it_has_too_many_components():
    faults = find_faults(form(*({"type": "spacer"} for _ in range(MAX_COMPONENTS + 1))))
    assert [str(fault) for fault in faults] == ["The form has more than 500 components."]


def test_a_form_is_refused_when_its_format_is_newer():
    assert find_faults(form(schemaVersion=20))[0].advice


def test_all_faults_are_named_when_there_are_several():
    faults = find_faults(form(field("wormhole", "a"), field("select", "b"), field("number", "c")))
    assert [fault.field for fault in faults] == ["a", "b"]


def test_a_template_is_read_in_one_pass_when_its_braces_never_close():
    assert find_faults(form({"type": "text", "text": "{{" * 200_000})) == []

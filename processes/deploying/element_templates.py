"""Element templates for the modeller, made from the registry of operations.

An analyst picks "Open a deal" and fills typed fields; nobody writes these by hand. The format is
that of element templates for Zeebe-style diagrams.
"""

from __future__ import annotations

import base64
from typing import Any

from marshmallow import fields, validate
from marshmallow.fields import Field

from processes.deploying.record_starts import EVENT, EVENTS, FIELDS, FILTER
from services.operations import Operation, all_operations

SCHEMA = "https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json"
RESULT = {"id": "result", "label": "Result"}
ARGUMENTS = {"id": "arguments", "label": "Arguments"}
WORK = {"id": "work", "label": "Work"}

# What each subject looks like in the palette, drawn on a square of 24.
_SHAPES = {
    "account": "M4 21V4h9v17M13 9h7v12M7 8h3M7 12h3M7 16h3M16 13h1M16 17h1M2 21h20",
    "contact": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21a8 8 0 0 1 16 0",
    "deal": "M3 8h18v11H3zM8 8V5h8v3M3 13h18",
    "decision": "M4 5h16v14H4zM4 10h16M10 10v9",
    "document": "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
    "lead": "M12 3l2.6 5.6 6.1.7-4.5 4.2 1.2 6L12 16.5 6.6 19.5l1.2-6L3.3 9.3l6.1-.7z",
    "mail": "M3 6h18v12H3zM3 7l9 6 9-6",
    "note": "M5 4h14v11l-5 5H5zM14 20v-5h5M8 9h8M8 13h4",
    "record": "M12 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6M6 15a6 6 0 0 1 12 0M12 15v7M9 19l3 3 3-3",
    "request": "M4 13a8 8 0 0 1 16 0v4h-4v-5h4M4 13v4h4v-5H4M20 17c0 3-3 4-6 4",
    "task": "M4 4h16v16H4zM8 12l3 3 5-6",
    "timer": "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4l3 2",
}
_OTHER = "M12 3v4M12 17v4M3 12h4M17 12h4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8"


def element_templates() -> list[dict[str, Any]]:
    """Return a template for each operation that diagrams may use, and those of tasks and rules."""
    templates = [_of_operation(one) for one in all_operations() if one.in_diagrams]
    return [_user_task(), _decision(), _record_start(), *_timers(), *templates]


def _of_operation(operation: Operation) -> dict[str, Any]:
    subject = operation.name.split(".")[0]
    sends = operation.outside
    return {
        **_head(f"lanewise.{operation.name}", operation.summary, subject),
        "description": f"Operation {operation.name}",
        "appliesTo": ["bpmn:Task", "bpmn:ServiceTask", "bpmn:SendTask"],
        "elementType": {"value": "bpmn:SendTask" if sends else "bpmn:ServiceTask"},
        "groups": [ARGUMENTS, RESULT],
        "properties": [
            {
                "type": "Hidden",
                "value": operation.name,
                "binding": {"type": "zeebe:taskDefinition:type"},
            },
            *(
                _argument(name, field)
                for name, field in sorted(
                    operation.schema().load_fields.items(), key=lambda item: not item[1].required
                )
            ),
            _result({"type": "zeebe:taskHeader", "key": "resultVariable"}),
        ],
    }


def _argument(name: str, field: Field[Any]) -> dict[str, Any]:
    about = field.metadata
    shown: dict[str, Any] = {
        "id": name,
        "label": about.get("title") or name.replace("_", " ").capitalize(),
        "group": ARGUMENTS["id"],
        "binding": {"type": "zeebe:input", "name": name},
        **_kind(field),
    }
    if description := about.get("description"):
        shown["description"] = description
    if field.required:
        shown["constraints"] = {"notEmpty": True}
    else:
        shown["optional"] = True
    if record_type := about.get("record_type"):
        # The record that the process is about is nearly always the one that is meant.
        shown["value"] = f"={record_type}.id"
    return shown


def _kind(field: Field[Any]) -> dict[str, Any]:
    """Return which input shows the field; all but a choice take an expression instead."""
    choices = next((rule for rule in field.validators if isinstance(rule, validate.OneOf)), None)
    if choices is not None:
        labels = list(choices.labels or choices.choices)
        return {
            "type": "Dropdown",
            "choices": [
                {"name": str(label), "value": str(value)}
                for value, label in zip(choices.choices, labels, strict=True)
            ],
        }
    if isinstance(field, fields.Boolean):
        return {"type": "Boolean", "feel": "optional"}
    is_long = field.metadata.get("kind") == "long_text" or getattr(field, "multiline", False)
    return {"type": "Text" if is_long else "String", "feel": "optional"}


def _user_task() -> dict[str, Any]:
    return {
        **_head("lanewise.task", "Let somebody do a task", "task"),
        "description": "A task in the inbox, with a form",
        "appliesTo": ["bpmn:Task", "bpmn:UserTask"],
        "elementType": {"value": "bpmn:UserTask"},
        "groups": [WORK],
        "properties": [
            {"type": "Hidden", "binding": {"type": "zeebe:userTask"}},
            {
                **_text("form", "Form", WORK["id"], "The id of a deployed form"),
                "binding": {"type": "zeebe:formDefinition", "property": "formId"},
            },
            {
                **_text("group", "Group", WORK["id"], "Whose queue it comes into, such as Sales"),
                "feel": "optional",
                "binding": {"type": "zeebe:assignmentDefinition", "property": "candidateGroups"},
            },
            {
                **_text("assignee", "Person", WORK["id"], "An e-mail address, or an expression"),
                "feel": "optional",
                "binding": {"type": "zeebe:assignmentDefinition", "property": "assignee"},
            },
            {
                **_text("due", "Due", WORK["id"], "A date and time, mostly an expression"),
                "feel": "optional",
                "binding": {"type": "zeebe:taskSchedule", "property": "dueDate"},
            },
            _calendar(WORK["id"], "A due date that is a duration, such as PT8H, counts its hours"),
        ],
    }


def _record_start() -> dict[str, Any]:
    """Return the template of a start event that waits for a record of the process's type."""
    element = "bpmn:StartEvent"
    return {
        **_head("lanewise.record_start", "When a record changes", "record"),
        "description": "Begins with a record of the type that the process is about",
        "appliesTo": [element],
        "elementType": {"value": element, "eventDefinition": "bpmn:MessageEventDefinition"},
        "groups": [WORK],
        "properties": [
            {
                "type": "Hidden",
                "value": "a record changed",
                "binding": {"type": "bpmn:Message#property", "name": "name"},
            },
            {
                **_text("event", "When it was", WORK["id"], "What happens to the record"),
                "type": "Dropdown",
                "value": "changed",
                "choices": [
                    {"name": name.capitalize().replace(",", " or"), "value": name}
                    for name in (*EVENTS, "created, changed")
                ],
                "binding": {"type": "zeebe:property", "name": EVENT},
            },
            {
                **_text("fields", "Fields", WORK["id"], "Which count when changed, with commas"),
                "optional": True,
                "binding": {"type": "zeebe:property", "name": FIELDS},
            },
            {
                **_text("filter", "Filter", WORK["id"], "What the record must be like, as JSON"),
                "type": "Text",
                "optional": True,
                "binding": {"type": "zeebe:property", "name": FILTER},
            },
        ],
    }


def _timers() -> list[dict[str, Any]]:
    """Return the templates of timers that may count working time."""
    kinds = (
        ("wait", "Wait for a time", "bpmn:IntermediateCatchEvent", "It goes on after this time"),
        ("limit", "After a time", "bpmn:BoundaryEvent", "What happens if it takes longer"),
    )
    return [
        {
            **_head(f"lanewise.timer.{key}", name, "timer"),
            "description": about,
            "appliesTo": [element],
            "elementType": {"value": element, "eventDefinition": "bpmn:TimerEventDefinition"},
            "groups": [WORK],
            "properties": [
                {
                    **_text("duration", "Duration", WORK["id"], "Such as PT8H, or an expression"),
                    "feel": "optional",
                    "constraints": {"notEmpty": True},
                    "binding": {
                        "type": "bpmn:TimerEventDefinition#property",
                        "name": "timeDuration",
                    },
                },
                _calendar(WORK["id"], "Counts working time; a day of the duration is 24 hours"),
            ],
        }
        for key, name, element, about in kinds
    ]


def _calendar(group: str, description: str) -> dict[str, Any]:
    """Return the property that names a working calendar."""
    hint = f"{description}. The name of a working calendar, or default"
    return {
        **_text("calendar", "Working calendar", group, hint),
        "feel": "optional",
        "optional": True,
        "binding": {"type": "zeebe:property", "name": "calendar"},
    }


def _decision() -> dict[str, Any]:
    return {
        **_head("lanewise.decision", "Decide by a table", "decision"),
        "description": "The result of a decision table",
        "appliesTo": ["bpmn:Task", "bpmn:BusinessRuleTask"],
        "elementType": {"value": "bpmn:BusinessRuleTask"},
        "groups": [WORK, RESULT],
        "properties": [
            {
                **_text("decision", "Decision", WORK["id"], "The id of a deployed decision"),
                "constraints": {"notEmpty": True},
                "binding": {"type": "zeebe:calledDecision", "property": "decisionId"},
            },
            {
                **_result({"type": "zeebe:calledDecision", "property": "resultVariable"}),
                "constraints": {"notEmpty": True},
            },
        ],
    }


def _head(key: str, name: str, subject: str) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "id": key,
        "name": name,
        "version": 1,
        "category": {"id": subject, "name": subject.capitalize()},
        "icon": {"contents": _icon(subject)},
    }


def _text(key: str, label: str, group: str, description: str) -> dict[str, Any]:
    return {
        "id": key,
        "label": label,
        "type": "String",
        "group": group,
        "description": description,
    }


def _result(binding: dict[str, str]) -> dict[str, Any]:
    about = "The variable that takes the result; without one its parts become variables"
    return {**_text("result_variable", "Result variable", RESULT["id"], about), "binding": binding}


def _icon(subject: str) -> str:
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18" viewBox="0 0 24 24" '
        'fill="none" stroke="#2f6f8f" stroke-width="2" stroke-linecap="round" '
        f'stroke-linejoin="round"><path d="{_SHAPES.get(subject, _OTHER)}"/></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"

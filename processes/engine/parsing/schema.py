"""The tables of BPMN's schema, compiled: what attributes and children each element may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from processes.engine.parsing.schema_tables import EXPRESSIONS, GROUPS, REFERENCES, TYPES

_REPEATS: Final = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None), "2+": (2, None)}


@dataclass(frozen=True)
class Slot:
    """A place among the children of an element.

    Attributes:
        name: What is told of it: an element, or the group whose elements may stand there.
        most: How many may stand there; None for any number.
    """

    name: str
    least: int
    most: int | None


@dataclass(frozen=True)
class ElementType:
    """What an element may hold.

    Attributes:
        attributes: The kind of each attribute: a schema type, or a list of choices by name.
        required: Those that have to be there.
        slots: Its children, in order.
        places: The number of the slot of each child, by the child's name.
        is_open: It holds text, or what the schema leaves to others.
    """

    attributes: dict[str, str]
    required: tuple[str, ...]
    slots: tuple[Slot, ...]
    places: dict[str, int]
    is_open: bool


def type_of(name: str, parent: str) -> ElementType | None:
    """Return the type of an element by its name and that of the one around it; None if unknown.

    A name that only refers to another element has the type of a reference.
    """
    if name in EXPRESSIONS:
        return ELEMENTS["formalExpression"]
    if name in REFERENCES and (name not in ELEMENTS or parent == "relationship"):
        return _REFERENCE
    if name == "expression":
        return ELEMENTS["formalExpression"]
    return ELEMENTS.get(name)


def _compile() -> dict[str, ElementType]:
    found: dict[str, ElementType] = {}
    for line in TYPES.split("\n"):
        if line.strip():
            name, _, rest = line.partition(":")
            found[name] = _compile_row(rest, found)
    return found


def _compile_row(row: str, known: dict[str, ElementType]) -> ElementType:
    base, own, inside = (part.strip() for part in row.split("|"))
    inherited = known[base] if base else ElementType({}, (), (), {}, is_open=False)
    attributes, required = dict(inherited.attributes), list(inherited.required)
    for text in own.split():
        name, _, kind = text.removesuffix("!").partition(":")
        attributes[name] = kind
        if text.endswith("!"):
            required.append(name)
    slots, places = list(inherited.slots), dict(inherited.places)
    words = [word for word in inside.split() if not word.startswith("#")]
    for word in words:
        name = word.rstrip("?*+2")
        members = GROUPS[name[1:]] if name.startswith("@") else (name,)
        places.update(dict.fromkeys(members, len(slots)))
        least, most = _REPEATS[word[len(name) :]]
        slots.append(Slot(name.removeprefix("@"), least, most))
    is_open = inherited.is_open or "#" in inside
    return ElementType(attributes, tuple(required), tuple(slots), places, is_open)


ELEMENTS: Final = _compile()
_REFERENCE: Final = ElementType({}, (), (), {}, is_open=True)

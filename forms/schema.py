"""A form-js schema as plain values: its components, and where each keeps its value.

The format is that of form-js 1.x (``schemaVersion`` up to 19), the same that the browser renders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SCHEMA_VERSION: Final = 19
"""The newest version of the format that is understood."""

TEXT_TYPES: Final = frozenset({"textfield", "textarea"})
SINGLE_CHOICE_TYPES: Final = frozenset({"radio", "select"})
MULTIPLE_CHOICE_TYPES: Final = frozenset({"checklist", "taglist"})
CHOICE_TYPES: Final = SINGLE_CHOICE_TYPES | MULTIPLE_CHOICE_TYPES
INPUT_TYPES: Final = TEXT_TYPES | CHOICE_TYPES | {"number", "checkbox", "datetime"}
KEYED_TYPES: Final = INPUT_TYPES | {"expression"}
CONTAINER_TYPES: Final = frozenset({"default", "group", "dynamiclist"})
SHOWN_TYPES: Final = frozenset(
    {"text", "html", "image", "table", "documentPreview", "separator", "spacer", "button"}
)

# What a field holds before anybody touched it, as in the browser.
_EMPTY: Final[Mapping[str, Any]] = {
    "textfield": "",
    "textarea": "",
    "checkbox": False,
    "checklist": (),
    "taglist": (),
}


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a form.

    Attributes:
        path: Where it keeps its value, relative to the container around it: the key of a field,
            the path of a group (mostly empty) or of a list.
        components: What stands inside a container.
        spec: The component as written.
    """

    type: str
    path: tuple[str, ...]
    components: tuple[Component, ...]
    spec: Mapping[str, Any]

    @property
    def is_field(self) -> bool:
        """Whether it holds a value."""
        return self.type in KEYED_TYPES

    @property
    def is_list(self) -> bool:
        """Whether its components are repeated for each row of a list."""
        return self.type == "dynamiclist" and self.spec.get("isRepeating", True) is not False

    @property
    def is_computed(self) -> bool:
        """Whether its value comes from an expression, never from the person."""
        return self.type == "expression"

    @property
    def rules(self) -> Mapping[str, Any]:
        """The rules under ``validate``."""
        return self.spec.get("validate") or {}

    @property
    def hide(self) -> str | None:
        """The condition under which it is not shown; None if always shown."""
        return (self.spec.get("conditional") or {}).get("hide")

    @property
    def is_always_fixed(self) -> bool:
        """Whether no person may ever change it: it is disabled or read-only without a condition."""
        return bool(self.spec.get("disabled")) or self.spec.get("readonly") is True

    @property
    def starts_empty(self) -> bool:
        """Whether it begins without what is kept under its key: its property ``prefill`` is no.

        A decision that is taken anew each time a process comes back to it must not be prefilled
        with the last one.
        """
        return (self.spec.get("properties") or {}).get("prefill") == "no"

    @property
    def blank(self) -> Any:
        """What its type holds for nothing, as in the browser: an empty text, a box unticked."""
        empty = _EMPTY.get(self.type)
        return list(empty) if isinstance(empty, tuple) else empty

    @property
    def start_value(self) -> Any:
        """What it holds when nothing is known: its default, or nothing."""
        return self.spec.get("defaultValue", self.blank)


@dataclass(frozen=True, slots=True)
class Form:
    """A form that may be deployed.

    Attributes:
        id: The form's id; what user tasks name.
        root: The form itself as a component.
        schema: The schema as handed in.
    """

    id: str
    root: Component
    schema: Mapping[str, Any]


def build_component(spec: Mapping[str, Any]) -> Component:
    """Return a component and what stands inside, from a schema without faults."""
    kind = spec["type"]
    path = spec.get("key") if kind in KEYED_TYPES else spec.get("path")
    return Component(
        type=kind,
        path=tuple(path.split(".")) if path else (),
        components=tuple(build_component(inner) for inner in spec.get("components") or ()),
        spec=spec,
    )


def form_keys(schema: Mapping[str, Any], *, writable_only: bool = False) -> tuple[str, ...]:
    """Return the dotted keys that a form keeps values under, in its order.

    A list counts as one key, whatever its rows hold. The schema must be without faults.

    Args:
        schema: The form-js schema.
        writable_only: Leave out fields that are always read-only or disabled.
    """
    found = _walk(build_component(schema), ())
    return tuple(
        ".".join(path)
        for path, component in found
        if not writable_only or not component.is_always_fixed
    )


def _walk(
    component: Component, prefix: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Component]]:
    path = (*prefix, *component.path)
    if component.is_field or component.is_list:
        yield path, component
        return
    for inner in component.components:
        yield from _walk(inner, path)

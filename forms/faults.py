"""What keeps a schema from being deployed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from forms.errors import FormError
from forms.expressions import check_expression, expressions_in, is_expression
from forms.field_faults import field_faults
from forms.schema import (
    CONTAINER_TYPES,
    KEYED_TYPES,
    SCHEMA_VERSION,
    SHOWN_TYPES,
)

MAX_COMPONENTS: Final = 500
MAX_DEPTH: Final = 10
MAX_PATH_SEGMENTS: Final = 8
MAX_NAME_LENGTH: Final = 100

_SEGMENT = re.compile(r"[^\W\d][\w-]*")
_FORBIDDEN_SEGMENTS = frozenset({"__proto__", "constructor", "prototype"})
_TEMPLATE_PROPERTIES = ("label", "description", "text", "content", "alt", "source", "title", "url")
_EXPRESSION_PROPERTIES = ("dataSource", "columnsExpression", "valuesExpression", "expression")

# Components of the format that a task form can't have here, and what to do instead.
_REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "filepicker": (
        "Files can't be taken by a form.",
        "Attach the file to the record, or let a service task make the document.",
    ),
    "iframe": ("Other pages can't be shown inside a form.", "Use a text with a link instead."),
}


def find_faults(schema: Any) -> list[FormError]:
    """Return all that is wrong with a schema, in the order of the form; empty if it is sound."""
    if not isinstance(schema, Mapping) or schema.get("type") != "default":
        return [FormError("This is no form: it is not of the type “default”.")]
    return [*_form_faults(schema), *_Reader().faults(schema)]


def _form_faults(schema: Mapping[str, Any]) -> Iterator[FormError]:
    identifier = schema.get("id")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= MAX_NAME_LENGTH:
        yield FormError(
            "The form has no id.", advice="Give it one; user tasks name the form by it."
        )
    version = schema.get("schemaVersion", SCHEMA_VERSION)
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        yield FormError(
            f"The form is written in version {version} of the format.",
            advice=f"Export it for version {SCHEMA_VERSION} or older.",
        )


class _Reader:
    """One pass over a schema, which remembers the ids and paths that are taken."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._leaves: set[tuple[str, ...]] = set()
        self._branches: set[tuple[str, ...]] = set()
        self._lists: set[tuple[str, ...]] = set()
        self._count = 0

    def faults(self, form: Mapping[str, Any]) -> Iterator[FormError]:
        yield from self._inside(form, (), 1)

    def _inside(
        self, spec: Mapping[str, Any], path: tuple[str, ...], depth: int
    ) -> Iterator[FormError]:
        components = spec.get("components", [])
        if not isinstance(components, list):
            yield FormError("The components must be a list.", _name(spec))
            return
        if components and depth > MAX_DEPTH:
            yield FormError(f"Components are nested more than {MAX_DEPTH} deep.", _name(spec))
            return
        for component in components:
            self._count += 1
            if self._count == MAX_COMPONENTS + 1:
                yield FormError(f"The form has more than {MAX_COMPONENTS} components.")
            if self._count > MAX_COMPONENTS:
                return
            yield from self._component(component, path, depth)

    def _component(self, spec: Any, path: tuple[str, ...], depth: int) -> Iterator[FormError]:
        if not isinstance(spec, Mapping):
            yield FormError("A component must be an object.")
            return
        kind = spec.get("type")
        if fault := _type_fault(spec, kind):
            yield fault
            return
        yield from self._id_faults(spec)
        yield from _common_faults(spec)
        inner = path
        if kind in KEYED_TYPES or (kind in CONTAINER_TYPES and spec.get("path")):
            found = _path_of(spec)
            if isinstance(found, FormError):
                yield found
                return
            inner = (*path, *found)
            yield from self._claim(spec, inner, path)
        elif kind == "dynamiclist":
            yield FormError("The list has no path.", _name(spec), "Say where its rows are kept.")
            return
        if kind in KEYED_TYPES:
            yield from field_faults(spec, _name(spec))
        elif kind in CONTAINER_TYPES:
            yield from self._inside(spec, inner, depth + 1)

    def _id_faults(self, spec: Mapping[str, Any]) -> Iterator[FormError]:
        identifier = spec.get("id")
        if identifier is None:
            return
        if not isinstance(identifier, str) or identifier in self._ids:
            yield FormError(f"Two components have the id {identifier}.", _name(spec))
            return
        self._ids.add(identifier)

    def _claim(
        self, spec: Mapping[str, Any], path: tuple[str, ...], around: tuple[str, ...]
    ) -> Iterator[FormError]:
        """Take the path, which must not lead through a field or a list, or end where others begin.

        ``around`` is the path of the container; the lists it leads through are the field's own.
        """
        ancestors = {path[:length] for length in range(1, len(path))}
        own = {around[:length] for length in range(1, len(around) + 1)}
        is_list, is_field = spec["type"] == "dynamiclist", spec["type"] in KEYED_TYPES
        taken = self._leaves & {*ancestors, path} or self._lists & ({*ancestors, path} - own)
        if taken or ((is_field or is_list) and path in self._branches):
            dotted = ".".join(path)
            yield FormError(
                f"Two components keep their value under {dotted}.",
                _name(spec),
                "Give each its own key.",
            )
            return
        self._branches |= ancestors
        (self._leaves if is_field else self._branches).add(path)
        if is_list:
            self._lists.add(path)


def _type_fault(spec: Mapping[str, Any], kind: Any) -> FormError | None:
    if isinstance(kind, str) and kind in _REFUSED:
        message, advice = _REFUSED[kind]
        return FormError(message, _name(spec), advice)
    known = KEYED_TYPES | SHOWN_TYPES | CONTAINER_TYPES - {"default"}
    if not isinstance(kind, str) or kind not in known:
        return FormError(f"There is no component of the type {kind}.", _name(spec))
    return None


def _path_of(spec: Mapping[str, Any]) -> tuple[str, ...] | FormError:
    text = spec.get("key") if spec["type"] in KEYED_TYPES else spec.get("path")
    if not isinstance(text, str) or not text:
        return FormError("The field has no key.", _name(spec), "Say where its value is kept.")
    segments = tuple(text.split("."))
    if len(segments) > MAX_PATH_SEGMENTS or len(text) > MAX_NAME_LENGTH:
        return FormError(f"The key {text[:MAX_NAME_LENGTH]} is too long.", _name(spec))
    for segment in segments:
        if not _SEGMENT.fullmatch(segment) or segment in _FORBIDDEN_SEGMENTS:
            return FormError(
                f"{text} is no key.",
                _name(spec),
                "Use names of letters, digits, - and _, joined by dots.",
            )
    return segments


def _common_faults(spec: Mapping[str, Any]) -> Iterator[FormError]:
    name = _name(spec)
    conditional = spec.get("conditional") or {}
    hide = conditional.get("hide") if isinstance(conditional, Mapping) else conditional
    if hide not in (None, "") and not is_expression(hide):
        yield FormError(
            "The condition to hide it is no expression.", name, "Let it begin with “=”."
        )
    yield from _state_faults(spec, name)
    texts = [hide, spec.get("readonly"), *(spec.get(key) for key in _EXPRESSION_PROPERTIES)]
    yield from _expression_faults((str(text) for text in texts if is_expression(text)), name)
    for key in _TEMPLATE_PROPERTIES:
        text = spec.get(key)
        if text is not None and not isinstance(text, str):
            yield FormError(f"“{key}” must be a text.", name)
        elif text:
            yield from _expression_faults(expressions_in(text), name)


def _state_faults(spec: Mapping[str, Any], name: str | None) -> Iterator[FormError]:
    readonly, disabled = spec.get("readonly", False), spec.get("disabled", False)
    if not isinstance(readonly, bool) and not is_expression(readonly):
        yield FormError("“readonly” is neither true, false nor an expression.", name)
    if not isinstance(disabled, bool):
        yield FormError(
            "“disabled” is neither true nor false.", name, "Use “readonly” with an expression."
        )
    if spec["type"] in CONTAINER_TYPES and (readonly or disabled):
        yield FormError("Only a field can be read-only.", name, "Set it on each field inside.")
    properties = spec.get("properties") or {}
    if not isinstance(properties, Mapping) or properties.get("prefill", "no") not in {"yes", "no"}:
        yield FormError("The property “prefill” is neither yes nor no.", name)


def _expression_faults(texts: Iterable[str], name: str | None) -> Iterator[FormError]:
    for text in texts:
        if fault := check_expression(text):
            yield FormError(f"The expression {text[:100]} is not right: {fault}", name)


def _name(spec: Mapping[str, Any]) -> str | None:
    for key in ("key", "path", "id"):
        if isinstance(spec.get(key), str) and spec[key]:
            return str(spec[key])[:MAX_NAME_LENGTH]
    return None

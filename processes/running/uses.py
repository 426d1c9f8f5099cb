"""Where deployed processes, their forms and decisions name fields and choices of records.

Versions that new instances begin with count, those that instances still run on, and those that
such ones call. Expressions are not evaluated: it is enough that the field stands in one, and for
a choice its value in quotes beside it. So rather one place too many is named than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from html import unescape
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from forms import Form
from processes.deploying.definition_tables import ProcessVersion, Resource, VersionState
from processes.deploying.definitions import Definition, get_definition
from processes.deploying.record_starts import FIELDS, FILTER
from processes.engine.model import Node
from processes.running.instance_tables import InstanceState, ProcessInstance
from services.records.named import Named, Use, finds_uses
from services.unit_of_work import UnitOfWork

_STRING: Final = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'")
_WORD: Final = re.compile(r"[^\W\d]\w*")
_NO_EXPRESSIONS: Final = frozenset(
    {"id", "name", "documentation", "process_id", "parent_id", "incoming", "outgoing"}
    | {"inputs", "properties", "extensions", "attributes", "type", "lane", "form_id"}
)
"""What of an element is no expression, or is looked at by itself."""
_MOST_PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class _Version:
    """A version that counts; ``running`` instances are on it."""

    id: UUID
    number: int
    is_in_force: bool
    running: int

    def __str__(self) -> str:
        kept = ["in force"] if self.is_in_force else []
        kept += [f"{self.running:,} running"] if self.running else []
        return f"version {self.number} ({', '.join(kept) or 'called by others'})"


@finds_uses
def find_uses(uow: UnitOfWork, names: Sequence[Named]) -> list[Use]:
    """Return the versions of processes that name any of these, with the places in them."""
    found = []
    for version in _versions(uow):
        definition = get_definition(uow, version.id)
        places = dict.fromkeys(_places(uow, definition, names))
        if places:
            shown = [*list(places)[:_MOST_PLACES], *(["…"] if len(places) > _MOST_PLACES else [])]
            text = f"“{definition.name}”, {version}: {', '.join(shown)}"
            found.append(Use(definition.key, version.number, text))
    return found


def _versions(uow: UnitOfWork) -> list[_Version]:
    """Return the versions that count, by process and number."""
    running = (
        select(ProcessInstance.version_id, func.count().label("running"))
        .where(ProcessInstance.state == InstanceState.RUNNING.value)
        .group_by(ProcessInstance.version_id)
        .subquery()
    )
    statement = (
        select(ProcessVersion, running.c.running)
        .outerjoin(running, running.c.version_id == ProcessVersion.id)
        .order_by(ProcessVersion.key, ProcessVersion.version)
    )
    rows = uow.session.execute(statement).all()
    newest = {one.key: one.id for one, _ in rows if one.state == VersionState.ACTIVE}
    wanted = {one.id for one, count in rows if count or newest.get(one.key) == one.id}
    waiting = [one for one, _ in rows if one.id in wanted]
    by_id = {one.id: one for one, _ in rows}
    while waiting:
        called = {UUID(key) for key in waiting.pop().bindings["processes"].values()} - wanted
        wanted |= called
        waiting += [by_id[key] for key in called if key in by_id]
    return [
        _Version(one.id, one.version, newest.get(one.key) == one.id, count or 0)
        for one, count in rows
        if one.id in wanted
    ]


def _places(uow: UnitOfWork, definition: Definition, names: Sequence[Named]) -> Iterator[str]:
    """Yield what people call the places of a version that name any of these."""
    process = definition.process
    for node in process.nodes.values():
        if any(_names(node, one, definition.record_type) for one in names):
            yield node.name or node.id
    for flow in process.flows.values():
        if _mentions_any(flow.condition, names):
            yield flow.name or f"the way to {process.nodes[flow.target].name or flow.target}"
    for form in definition.forms.values():
        if any(_form_names(form, one) for one in names):
            yield f"the form {form.id}"
    texts = _decision_files(uow, definition)
    yield from (f"the decision {key}" for key, text in texts.items() if _mentions_any(text, names))


def _names(node: Node, named: Named, record_type: str | None) -> bool:
    """Tell whether an element names a field, or its value."""
    if node.work.type.startswith(f"{named.record_type}.") and any(
        line.target == named.field and _gives(line.source, named) for line in node.inputs
    ):
        return True
    computed = (line for line in node.inputs if line.is_python or line.source.startswith("="))
    expressions = [line.source for line in computed]
    expressions += _texts(node)
    if any(_mentions(text, named) for text in expressions):
        return True
    return record_type == named.record_type and _starts_by(node.properties, named)


def _gives(source: str, named: Named) -> bool:
    """Tell whether what an input takes can be the value; any is one, where none is asked for."""
    return named.value is None or source == named.value or named.value in _strings(source)


def _starts_by(properties: Mapping[str, str], named: Named) -> bool:
    """Tell whether a start event waits for a field, or asks for its value."""
    if named.value is None and named.field in _WORD.findall(properties.get(FIELDS, "")):
        return True
    strings = _strings(properties.get(FILTER, ""))
    return named.field in strings and (named.value is None or named.value in strings)


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts of an element that can be expressions."""
    if isinstance(value, str):
        yield value
        return
    inside: Iterable[Any] = ()
    if isinstance(value, Mapping):
        inside = value.values()
    elif isinstance(value, tuple):
        inside = value
    elif is_dataclass(value):
        shown = (one.name for one in fields(value) if one.name not in _NO_EXPRESSIONS)
        inside = [getattr(value, name) for name in shown]
    for one in inside:
        yield from _texts(one)


def _mentions_any(text: str, names: Sequence[Named]) -> bool:
    return any(_mentions(text, one) for one in names)


def _mentions(text: str, named: Named) -> bool:
    """Tell whether a text has the name outside of quotes, and the value in some."""
    if named.field not in text or named.field not in _WORD.findall(_STRING.sub(" ", text)):
        return False
    return named.value is None or named.value in _strings(text)


def _strings(text: str) -> set[str]:
    return {double or single for double, single in _STRING.findall(text)}


def _form_names(form: Form, named: Named) -> bool:
    return any(_component_names(one, named) for one in _components(form.schema))


def _components(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a form's components at any depth."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.get("components", ()):
            yield from _components(inner)


def _component_names(component: Mapping[str, Any], named: Named) -> bool:
    own = {name: inner for name, inner in component.items() if name != "components"}
    texts = list(_leaves(own))
    if any(text.startswith("=") and _mentions(text, named) for text in texts):
        return True
    path = str(component.get("path") or ""), str(component.get("key") or "")
    if named.field not in ".".join(path).split("."):
        return False
    return named.value is None or named.value in texts


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)


def _decision_files(uow: UnitOfWork, definition: Definition) -> dict[str, str]:
    """Return the text of a version's decision files, by what each is called."""
    if not definition.decisions:
        return {}
    version = uow.session.get_one(ProcessVersion, definition.id)
    keys = {UUID(key) for key in version.bindings["decisions"].values()}
    statement = select(Resource).where(Resource.id.in_(keys)).options(undefer(Resource.content))
    # Attributes stand in quotes as well, so that only what stands between the tags is read.
    return {
        one.key: unescape(re.sub(r"<[^>]*>", " ", one.content))
        for one in uow.session.scalars(statement)
    }

"""The registry of record types: what a lead, a deal or a request is made of.

Lists, pages, the API, forms, filters and processes read a type's fields from here, so that a
field is described once, next to its column.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.actors import Verb
from services.errors import NotFound
from services.records.field_kinds import FIELD_KINDS, FieldKind
from services.records.living_choices import LivingChoices
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FieldRules:
    """What values of a field that an administrator has added must be like.

    Attributes:
        default: What a new record gets that is given nothing, as an operation takes it.
        minimum: Of numbers; ``maximum`` likewise.
        max_length: Of texts, in characters.
        is_unique: No two records outside of the bin have the same value.
        retired_choices: Choices that records keep, but nobody can choose any more.
    """

    default: Any = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    max_length: int | None = None
    is_unique: bool = False
    retired_choices: frozenset[str] = frozenset()


NO_RULES = FieldRules()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type.

    Attributes:
        name: The same from column to JSON to form key.
        label: What people read.
        kind: One of ``FIELD_KINDS``, such as ``text``; ``traits`` says what it is like.
        choices: For ``choice`` and ``multi_choice``: value → label, perhaps living ones.
        relation: For ``relation``: the record type it points to (or ``user``, ``group``);
            ``name`` is then the column with the key, such as ``account_id``.
        writable: Whether the type's update operation takes it.
        hint: What forms say below it.
        is_computed: No column holds it, so lists can't be narrowed or sorted by it.
        is_added: An administrator has added it.
        is_in_list: Lists show it as long as nobody chooses other columns.
        is_in_short_form: The form for a new record asks for it, even if it isn't required.
        is_told: The timeline tells its changes; not what only follows from another field.
        tells_of: Names of fields that can be guessed from it, so that it is hidden with them.
    """

    name: str
    label: str
    kind: str = "text"
    choices: Mapping[str, str] | None = None
    relation: str | None = None
    writable: bool = True
    hint: str = ""
    is_computed: bool = False
    is_added: bool = False
    is_in_list: bool = False
    is_in_short_form: bool = False
    is_told: bool = True
    tells_of: tuple[str, ...] = ()
    rules: FieldRules = NO_RULES

    @property
    def traits(self) -> FieldKind:
        """What its kind is like."""
        return FIELD_KINDS[self.kind]

    @property
    def related_name(self) -> str:
        """What the thing itself is called that a relation field points to: ``account``."""
        return self.name.removesuffix("_id")

    def offered_choices(self, present: Any = None) -> list[tuple[str, str]]:
        """Return value and label of each choice there is, retired ones only if they are present."""
        held = present if isinstance(present, list) else [present]
        retired = self.rules.retired_choices
        if isinstance(self.choices, LivingChoices):
            retired |= self.choices.retired
        return [
            (value, label)
            for value, label in (self.choices or {}).items()
            if value in held or value not in retired
        ]


@dataclass(slots=True, eq=False)
class RecordType:
    """A kind of record: its model, its fields, and how it is called.

    ``fields``, ``required`` and ``sorts`` are another tuple as soon as an administrator adds
    fields, so they are read where they are needed and never kept.

    Attributes:
        title_field: What stands for the record in lists, links and sentences.
        required: The fields that creating one needs.
        sorts: The fields that lists can be sorted by; each has an index.
        is_added: An administrator has added the whole type.
        revision: Another number after each change of its fields.
    """

    name: str
    label: str
    plural: str
    model: Any
    fields: tuple[Field, ...]
    title_field: str = "name"
    required: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ("created_at",)
    is_added: bool = False
    revision: int = 0
    _shipped: tuple[tuple[Field, ...], tuple[str, ...], tuple[str, ...]] = dataclasses.field(
        init=False, repr=False
    )

    def __post_init__(self) -> None:
        self._shipped = (self.fields, self.required, self.sorts)

    def field(self, name: str) -> Field | None:
        """Return the field called ``name``, or None."""
        return next((field for field in self.fields if field.name == name), None)

    def extend(
        self, fields: Sequence[Field], required: Sequence[str], sorts: Sequence[str]
    ) -> None:
        """Let the type have these fields besides its own, in place of those it had before."""
        own_fields, own_required, own_sorts = self._shipped
        now = (*own_fields, *fields), (*own_required, *required), (*own_sorts, *sorts)
        if now != (self.fields, self.required, self.sorts):
            self.fields, self.required, self.sorts = now
            self.revision += 1

    @property
    def added_fields(self) -> tuple[Field, ...]:
        """The fields that administrators have added."""
        return tuple(field for field in self.fields if field.is_added)


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that fields point to without its being a record: a user, a group, a document.

    Attributes:
        fields: What expressions and templates may read of it, besides ``id``.
        offers: Key and name of all there is to choose from, where that is little enough for a form
            to show it; None where it isn't.
    """

    name: str
    model: Any
    fields: tuple[str, ...]
    offers: Callable[[UnitOfWork], Sequence[tuple[UUID, str]]] | None = None


_TYPES: dict[str, RecordType] = {}
_RELATIONS: dict[str, Relation] = {}


def register_relation(relation: Relation) -> Relation:
    """Make ``relation`` known as the target of relation fields."""
    _RELATIONS[relation.name] = relation
    return relation


def register_record_type(record_type: RecordType) -> RecordType:
    """Make ``record_type`` known; its model gets its name and title as class attributes."""
    _TYPES[record_type.name] = record_type
    record_type.model.record_type = record_type.name
    record_type.model.title_field = record_type.title_field
    return record_type


def forget_record_type(name: str) -> None:
    """Let there be no type of this name, such as one that an administrator has retired."""
    _TYPES.pop(name, None)


def all_relations() -> Iterator[Relation]:
    """Yield what fields point to besides records, by name."""
    yield from (_RELATIONS[name] for name in sorted(_RELATIONS))


def get_record_type(name: str) -> RecordType:
    """Return the record type called ``name``.

    Raises:
        NotFound: There is none.
    """
    try:
        return _TYPES[name]
    except KeyError:
        raise NotFound(f"There is no record type called {name}.") from None


def find_record_type(name: str) -> RecordType | None:
    """Return the record type called ``name``, or None."""
    return _TYPES.get(name)


def find_relation(name: str) -> Relation | None:
    """Return what is called ``name`` and is no record (``user``, ``group``, …), or None."""
    return _RELATIONS.get(name)


def all_record_types() -> Iterator[RecordType]:
    """Yield every record type, by name."""
    yield from [_TYPES[name] for name in sorted(_TYPES)]


def get_record(
    uow: UnitOfWork,
    record_type: str,
    record_id: UUID,
    *,
    lock: bool = False,
    hold: bool = False,
    verb: Verb | None = None,
) -> Any:
    """Return the record of this type and key with which the actor may do ``verb``.

    That is to update, where the record is locked, else to read, unless another one is given. See
    ``UnitOfWork.find`` for ``lock`` and ``hold``.

    Raises:
        NotFound: There is none, or the actor may not see it.
        NotAllowed: The actor may see it, but not do this with it.
    """
    model = get_record_type(record_type).model
    return uow.get(model, record_id, lock=lock, hold=hold, verb=verb)


def title_of(record: Any) -> str:
    """Return what stands for ``record`` in lists and sentences."""
    return str(getattr(record, get_record_type(record.record_type).title_field))


def related_title(uow: UnitOfWork, relation: str, key: UUID | None) -> str | None:
    """Return the title of what a relation field points to, whoever asks; None for nothing."""
    if key is None:
        return None
    if relation in _RELATIONS:
        found = uow.session.get(_RELATIONS[relation].model, key)
        return None if found is None else str(found.name)
    record = uow.session.get(get_record_type(relation).model, key)
    return None if record is None else title_of(record)


def present_record(record: Any, uow: UnitOfWork | None = None) -> dict[str, Any]:
    """Return the record's fields as a plain mapping, with ``id`` and ``version``.

    With ``uow``, only those that its actor may see.
    """
    found = get_record_type(record.record_type)
    fields = found.fields if uow is None else uow.readable_fields(found)
    shown = {field.name: getattr(record, field.name) for field in fields}
    return {"id": record.id, "version": record.version, **shown}


class LiveRecord(Mapping[str, Any]):
    """A record as expressions see it: read from the row when a name is asked for.

    A relation ``account_id`` is also reachable as ``account``, a live record of its own.

    With ``as_seen``, fields that the actor may not see are not there: for what people are shown.
    A process reads all, whoever has moved it on.
    """

    def __init__(self, uow: UnitOfWork, record: Any, *, as_seen: bool = False) -> None:
        self._uow = uow
        self._record = record
        self._type = get_record_type(record.record_type)
        self._as_seen = as_seen
        hidden = uow.actor.hidden_fields(self._type.name) if as_seen else frozenset[str]()
        self._hidden = hidden

    def __getitem__(self, name: str) -> Any:
        if name == "id":
            return str(self._record.id)
        field = self._field(name)
        if field is not None:
            value = self.value_of(name)
            return str(value) if isinstance(value, UUID) else value
        related = self._field(f"{name}_id")
        if related is None or related.relation is None:
            raise KeyError(name)
        return self._related(related)

    def value_of(self, name: str) -> Any:
        """Return what the row holds for a field."""
        return getattr(self._record, name)

    def called(self, name: str) -> str:
        """Return what people call a field of this record: its label, and whose it is."""
        field = self._field(name) or self._field(f"{name}_id")
        label = name if field is None else field.label
        return f"{label} of the {self._type.label.lower()} “{title_of(self._record)}”"

    def _field(self, name: str) -> Field | None:
        return None if name in self._hidden else self._type.field(name)

    def _related(self, field: Field) -> Any:
        key = self.value_of(field.name)
        if key is None or field.relation is None:
            return None
        if field.relation in _RELATIONS:
            return self._plain(_RELATIONS[field.relation], key)
        record = self._uow.session.get(get_record_type(field.relation).model, key)
        return None if record is None else LiveRecord(self._uow, record, as_seen=self._as_seen)

    def _plain(self, relation: Relation, key: UUID) -> dict[str, Any] | None:
        found = self._uow.session.get(relation.model, key)
        if found is None:
            return None
        return {"id": str(key), **{name: getattr(found, name) for name in relation.fields}}

    def __iter__(self) -> Iterator[str]:
        yield "id"
        for field in self._type.fields:
            if field.name in self._hidden:
                continue
            yield field.name
            if field.relation is not None:
                yield field.related_name

    def __len__(self) -> int:
        return sum(1 for _ in self)

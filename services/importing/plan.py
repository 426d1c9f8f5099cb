"""The plan of an import: which column goes into which field, and what is done with each row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from services.errors import Invalid
from services.importing.abouts import about_fields
from services.importing.beginnings import beginning_fields
from services.importing.first_lines import import_field, line_fields
from services.importing.types import PLACE, PLACE_LABEL, PRICE
from services.records.types import Field, RecordType
from services.unit_of_work import UnitOfWork

KEY_FIELD: Final = "id"
"""The target of a column that holds the records' own keys."""

FULL_NAME: Final = "name"
"""For contacts: a whole name, which is split into first and last name."""

SIMILAR: Final = "similar"
"""As a match key: the rules by which doubles are found."""


class Policy(StrEnum):
    """What is done with a row, by whether its record is there already."""

    BOTH = "both"
    CREATE = "create"
    UPDATE = "update"
    ALL = "all"


POLICIES: Final = {
    Policy.BOTH: "Create new ones and update those that are there",
    Policy.CREATE: "Create new ones only, skip those that are there",
    Policy.UPDATE: "Update those that are there only",
    Policy.ALL: "Create every row, also if it is there already",
}
DATE_ORDERS: Final = {
    "": "Find out",
    "iso": "2026-12-31",
    "dmy": "31.12.2026",
    "mdy": "12/31/2026",
    "ymd": "2026/12/31",
}
DECIMALS: Final = {"": "Find out", ".": "1,234.56", ",": "1.234,56"}


@dataclass(frozen=True, slots=True)
class Column:
    """Where one column of the file goes.

    Attributes:
        column: Its place in the file, from 0.
        field: The field's name, or ``id``; a contact's ``name`` is split.
        order: For dates: one of ``DATE_ORDERS``.
        decimal: For numbers: what stands before the fraction; one of ``DECIMALS``.
        create: For a relation: make the record if there is none of this title.
        by_key: For a relation: the cells hold keys, not titles.
    """

    column: int
    field: str
    order: str = ""
    decimal: str = ""
    create: bool = False
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of a file become records.

    Attributes:
        match: Fields by which a row finds the record that is there: any that agrees counts.
        only_empty: An update fills empty fields and changes no other.
        values: What every new record gets besides: field name → value.
        start_processes: Whether processes may begin by what is imported.
        zone: Of times that don't say theirs; empty for the installation's.
    """

    columns: tuple[Column, ...] = ()
    policy: str = Policy.BOTH
    match: tuple[str, ...] = ()
    only_empty: bool = False
    start_processes: bool = True
    values: Mapping[str, Any] = field(default_factory=dict)
    zone: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON form."""
        return asdict(self)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Plan:
        """Return the plan of a JSON form; what is left out has its usual value."""
        if not raw:
            return cls()
        columns = tuple(Column(**column) for column in raw.get("columns", ()))
        rest = {name: raw[name] for name in cls.__dataclass_fields__ if name in raw}
        return cls(**{**rest, "columns": columns, "match": tuple(raw.get("match", ()))})

    def targets(self) -> dict[str, Column]:
        """Return the columns by the field that they go into."""
        return {column.field: column for column in self.columns}


def importable_fields(uow: UnitOfWork, record_type: RecordType) -> dict[str, Field]:
    """Return the fields that a file may fill, by name."""
    own = {one.name: one for one in uow.writable_fields(record_type)}
    return {
        **own,
        **beginning_fields(uow, record_type),
        **line_fields(uow, record_type),
        **about_fields(record_type),
    }


def matchable_fields(record_type: RecordType, targets: Sequence[str]) -> list[str]:
    """Return the targets by which a record can be found: what is exact."""
    found = [KEY_FIELD] if KEY_FIELD in targets else []
    if record_type is PRICE:
        found.append(PLACE)
    for name in targets:
        one = record_type.field(name)
        if one is not None and one.kind in MATCHABLE_KINDS:
            found.append(name)
    return found


MATCHABLE_KINDS: Final = frozenset({"text", "email", "phone", "number", "url"})


def check_plan(uow: UnitOfWork, record_type: RecordType, plan: Plan, width: int) -> Plan:
    """Return the plan without what doesn't count; refuse one that can't be carried out.

    Raises:
        Invalid: With what is wrong, by the part of the plan.
    """
    known = importable_fields(uow, record_type)
    faults: dict[str, list[str]] = {}
    if found := list(_column_faults(record_type, plan, known, width)):
        faults["columns"] = found
    _check_policy(record_type, plan, plan.targets().keys(), faults)
    unknown = [name for name in plan.values if name not in known]
    if unknown:
        faults["values"] = [f"There is no field {name} that can be filled." for name in unknown]
    if faults:
        first = next(iter(faults.values()))[0]
        raise Invalid(f"The file can't be imported like this. {first}", faults)
    return replace(plan, match=tuple(dict.fromkeys(plan.match)))


def _column_faults(
    record_type: RecordType, plan: Plan, known: Collection[str], width: int
) -> Iterator[str]:
    allowed = {KEY_FIELD, *known, *({FULL_NAME} if record_type.name == "contact" else ())}
    seen: set[str] = set()
    if not plan.columns:
        yield "Choose a field for at least one column."
    for column in plan.columns:
        if not 0 <= column.column < width:
            yield f"There is no column {column.column + 1}."
        if column.field not in allowed:
            yield f"There is no field {column.field} that can be filled."
        if column.field in seen:
            yield f"Two columns go into {target_label(record_type, column.field)}."
        if column.order not in DATE_ORDERS or column.decimal not in DECIMALS:
            yield "There is no such format."
        seen.add(column.field)


def _check_policy(
    record_type: RecordType, plan: Plan, targets: Set[str], faults: dict[str, list[str]]
) -> None:
    if plan.policy not in {one.value for one in Policy}:
        faults["policy"] = ["There is no such choice."]
    matchable = {*matchable_fields(record_type, sorted(targets)), SIMILAR}
    wrong = [name for name in plan.match if name not in matchable]
    if wrong:
        text = f"Records can't be found by {target_label(record_type, wrong[0])}; no column has it."
        faults["match"] = [text]
    elif plan.policy != Policy.ALL and not plan.match:
        faults["match"] = ["Choose by what records that are there already are found."]
    if plan.policy in {Policy.ALL, Policy.CREATE, Policy.BOTH}:
        whole = {"first_name", "last_name"} if FULL_NAME in targets else set()
        given = {*targets, *plan.values, *whole}
        missing = [name for name in record_type.required if name not in given]
        if missing:
            labels = ", ".join(target_label(record_type, name) for name in missing)
            faults.setdefault("columns", []).append(f"New records need {labels}.")


def target_label(record_type: RecordType, name: str) -> str:
    """Return what people call a target of a column, or what records are found by."""
    if name == PLACE:
        return PLACE_LABEL
    found = import_field(record_type, name)
    return found.label if found else name

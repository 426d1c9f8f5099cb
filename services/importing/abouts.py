"""What a file may say of a new activity: which record it is about, by a column for each type.

Files of other programs have several of them, such as the deal and its account. An activity is about
one record: the one that says most.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.records.types import Field, RecordType

_BEGIN: Final = "about_"
_ABOUT: Final[Mapping[str, str]] = {
    "deal": "About: deal",
    "request": "About: request",
    "lead": "About: lead",
    "contact": "About: contact",
    "account": "About: account",
}
_FIELDS: Final[Mapping[str, Field]] = {
    f"{_BEGIN}{name}": Field(f"{_BEGIN}{name}", label, "relation", relation=name)
    for name, label in _ABOUT.items()
}


def about_fields(record_type: RecordType) -> Mapping[str, Field]:
    """Return the fields that say what new records of a type are about, by name."""
    return _FIELDS if record_type.name == "activity" else {}


def is_about(name: str) -> bool:
    """Tell whether a target says what an activity is about."""
    return name in _FIELDS


def with_about(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a new record with what it is about as its operation takes that."""
    plain = {name: value for name, value in values.items() if name not in _FIELDS}
    for name in _FIELDS:
        if values.get(name) is not None:
            about = {"regarding_type": name.removeprefix(_BEGIN), "regarding_id": values[name]}
            return {**plain, **about}
    return plain


def is_other(record: Any, values: Mapping[str, Any]) -> bool:
    """Tell whether a row says that a record which is there is about something else."""
    about = with_about({name: value for name, value in values.items() if name in _FIELDS})
    return bool(about) and about["regarding_id"] != record.regarding_id

"""What columns are called in files of other programs, in several languages.

Each line of ``synonyms.txt`` begins with a field's name, or with ``type.field``; what follows
stands for it where a record type has that field and no other column is a better fit. All are
compared folded, without punctuation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.records.folding import fold
from services.records.types import Field, RecordType

_FILE: Final = Path(__file__).with_name("synonyms.txt")


def heading_key(text: str) -> str:
    """Return a heading in a form in which it can be compared."""
    letters = "".join(sign if sign.isalnum() else " " for sign in fold(text))
    return " ".join(letters.split())


def _read() -> dict[str, list[str]]:
    found = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        name, _, words = line.partition(":")
        found[name] = [heading_key(word) for word in words.split(",")]
    return found


SYNONYMS: Final = _read()
"""Field name, or ``type.field`` → what else it may be called, the surest first."""


def names_of(record_type: RecordType, field: Field) -> list[str]:
    """Return what a column may be called that goes into a field, the surest first."""
    label = heading_key(record_type.label)
    own = [heading_key(field.label), heading_key(field.name)]
    if field.name == record_type.title_field:
        own += [label, f"{label} name", f"{label} title"]
    of_type = SYNONYMS.get(f"{record_type.name}.{field.name}", ())
    return [*own, *of_type, *SYNONYMS.get(field.name, ())]

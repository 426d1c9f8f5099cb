"""What columns are called in files of other programs, in several languages.

Each line of ``synonyms.txt`` begins with a field's name; what follows stands for it where a record
type has that field and no other column is a better fit. All are compared folded, without
punctuation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.records.folding import fold

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
"""Field name → what else it may be called, the surest first."""

"""How numbers of documents look: a text with a counter, and maybe the year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

MAX_DIGITS = 12
_PATTERN = re.compile(
    r"(?P<prefix>[^{}]{0,40})(?:(?P<year>\{year\})(?P<between>[^{}]{0,20}))?"
    r"\{number(?::0?(?P<digits>\d{1,2}))?\}(?P<suffix>[^{}]{0,20})"
)
_SPECIAL = re.compile(r"([.^$*+?()\[\]{}|\\])")


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """The parts of a pattern, in their order.

    Attributes:
        has_year: Whether the year stands after ``prefix``; ``between`` follows it.
        digits: How many the counter has at least.
    """

    prefix: str = ""
    has_year: bool = False
    between: str = ""
    digits: int = 1
    suffix: str = ""

    @property
    def text(self) -> str:
        """The pattern as it is kept, such as ``INV-{year}-{number:05}``."""
        year = f"{{year}}{self.between}" if self.has_year else ""
        counter = "{number}" if self.digits <= 1 else f"{{number:0{self.digits}}}"
        return f"{self.prefix}{year}{counter}{self.suffix}"

    @property
    def shape(self) -> str:
        """The same for patterns of which two may give the same number."""
        return f"{self.prefix}{'{year}' if self.has_year else ''}{self.between}#{self.suffix}"

    @property
    def matcher(self) -> str:
        """A regular expression of PostgreSQL: its groups are the year, if any, and the counter."""
        year = rf"(\d{{4}}){_literally(self.between)}" if self.has_year else ""
        counter = rf"(\d{{1,{MAX_DIGITS}}})"
        return f"^{_literally(self.prefix)}{year}{counter}{_literally(self.suffix)}$"

    def format(self, number: int, on: date) -> str:
        """Return the number of a document of that day."""
        year = f"{on.year}{self.between}" if self.has_year else ""
        return f"{self.prefix}{year}{number:0{self.digits}}{self.suffix}"


def parse_pattern(text: str) -> NumberPattern:
    """Return the parts of a pattern.

    Raises:
        ValueError: It has no counter, or something else than that and the year in braces.
    """
    found = _PATTERN.fullmatch(text)
    digits = int((found and found["digits"]) or 1)
    if found is None or digits > MAX_DIGITS:
        raise ValueError("Use a text with {number}, or {number:05}, and maybe {year}.")
    return NumberPattern(
        prefix=found["prefix"],
        has_year=found["year"] is not None,
        between=found["between"] or "",
        digits=digits,
        suffix=found["suffix"],
    )


def _literally(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)

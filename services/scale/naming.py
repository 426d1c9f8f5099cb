"""Names of people, companies and places of several countries, and addresses made of them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from services.records.folding import fold

CULTURES: Final = Path(__file__).parent / "cultures.toml"

_ALONE = "|"
_SECOND_NAME_SHARE = 0.3
# Of a million people, most share their whole name with few others.
_DOUBLE_NAME_SHARE = 0.4
_LOCAL_LENGTH = 24
_LETTERS: Final = dict(
    zip("абвгдезийклмнопрстуфхыэөү", "abvgdezijklmnoprstufhyeou", strict=True)
) | {
    "ж": "zh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "sch",
    "ю": "yu",
    "я": "ya",
    **dict(zip("ابتثجحخدذرزسشصضطظعغفقكلمنهويةى", "abttjhkhddrzsssdtzagfqklmnhwyah", strict=False)),
    **dict(zip("אבגדהוזחטיכלמנסעפצקרשתםןךףץ", "abgdhvzhtiklmnseptkrstmnkpt", strict=True)),
}
_SIGNS: Final = str.maketrans(_LETTERS)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's name."""

    first: str
    last: str

    @property
    def whole(self) -> str:
        """Both names together."""
        return f"{self.first} {self.last}"

    @property
    def mailbox(self) -> str:
        """What stands before the @ of their address."""
        return f"{ascii_of(self.first)}.{ascii_of(self.last)}"[:_LOCAL_LENGTH].strip(".")


@dataclass(frozen=True, slots=True)
class Culture:
    """What names in one country are made of.

    Attributes:
        prefix: Of its phone numbers, ``digits`` of which follow.
        heads: Of last names; those that have no tail end in a bar.
        tails: Of men's and women's last names, in the same order.
    """

    country: str
    prefix: str
    digits: int
    share: int
    men: Sequence[str]
    women: Sequence[str]
    heads: Sequence[str]
    tails: tuple[Sequence[str], Sequence[str]]
    cities: Sequence[str]
    words: Sequence[str]
    forms: Sequence[str]

    def person(self, rng: Random) -> Person:
        """Make up somebody; common names come up more often than others."""
        is_woman = rng.random() < 0.5  # noqa: PLR2004
        names = self.women if is_woman else self.men
        first = common(rng, names)
        if rng.random() < _SECOND_NAME_SHARE:
            first = f"{first} {rng.choice(names)}"
        last = self.last_name(rng, is_woman=is_woman)
        if rng.random() < _DOUBLE_NAME_SHARE:
            last = f"{self.last_name(rng, is_woman=is_woman)}-{last}"
        return Person(first, last)

    def last_name(self, rng: Random, *, is_woman: bool = False) -> str:
        """Make up a last name."""
        head = rng.choice(self.heads)
        if head.endswith(_ALONE):
            return head.removesuffix(_ALONE)
        return head + common(rng, self.tails[is_woman])

    def company(self, rng: Random) -> str:
        """Make up a company's name."""
        style = rng.random()
        if style < 0.4:  # noqa: PLR2004
            core = f"{self.last_name(rng)} {rng.choice(self.words)}"
        elif style < 0.7:  # noqa: PLR2004
            core = f"{rng.choice(self.cities)} {rng.choice(self.words)}"
        elif style < 0.85:  # noqa: PLR2004
            core = f"{self.last_name(rng)} & {self.last_name(rng)}"
        else:
            core = f"{rng.choice(self.words)} {rng.choice(self.words)} {rng.randrange(1900, 2026)}"
        return f"{core} {common(rng, self.forms)}"

    def phone(self, rng: Random) -> str:
        """Make up a phone number, as E.164."""
        low = 10 ** (self.digits - 1)
        return f"{self.prefix}{rng.randrange(2 * low, 10 * low)}"


def common(rng: Random, words: Sequence[str]) -> str:
    """Choose one of ``words``, the first ones more often than the last."""
    return words[int(len(words) * rng.random() ** 1.6)]


def ascii_of(text: str) -> str:
    """Return ``text`` in the letters of addresses, more or less as it is spoken."""
    spelled = fold(text).translate(_SIGNS)
    return "".join(c for c in spelled if c.isascii() and c.isalnum()) or "mail"


@cache
def cultures() -> tuple[Culture, ...]:
    """Return all cultures."""
    read = tomllib.loads(CULTURES.read_text(encoding="utf-8"))
    return tuple(map(_culture, read["cultures"]))


def any_culture(rng: Random) -> Culture:
    """Choose a culture by the shares they have."""
    found = cultures()
    return rng.choices(found, [one.share for one in found])[0]


def _culture(raw: dict[str, Any]) -> Culture:
    tails = raw["tails"].split()
    return Culture(
        country=raw["country"],
        prefix=raw["prefix"],
        digits=raw["digits"],
        share=raw["share"],
        men=raw["men"].split(),
        women=raw["women"].split(),
        heads=raw["heads"].split(),
        tails=(tails, raw.get("women_tails", raw["tails"]).split()),
        cities=raw["cities"].split(),
        words=raw["words"].split(),
        forms=raw["forms"].split(),
    )

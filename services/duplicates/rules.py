"""What makes two records the same: conditions on their fields, and when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

SIMILAR: Final = 88
"""From which ratio of 100 on two texts are called similar, unless a rule says otherwise."""


class Method(StrEnum):
    """How the values of a field are compared."""

    SAME = "same"
    SIMILAR = "similar"
    NOT_DIFFERENT = "not_different"


METHODS: Final[Mapping[str, str]] = {
    Method.SAME: "is the same",
    Method.SIMILAR: "is similar",
    Method.NOT_DIFFERENT: "doesn't differ (the same, or empty)",
}


class OnSave(StrEnum):
    """What happens when somebody saves a record that a rule calls a double."""

    NOTHING = "nothing"
    ASK = "ask"
    BLOCK = "block"


ON_SAVE: Final[Mapping[str, str]] = {
    OnSave.NOTHING: "Save it",
    OnSave.ASK: "Ask first",
    OnSave.BLOCK: "Refuse, unless a reason is given",
}


class Use(StrEnum):
    """When a rule is asked."""

    TYPING = "typing"
    SAVE = "save"
    IMPORT = "import"
    SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds of one field of two records.

    Attributes:
        at_least: For ``similar``: the ratio of 100 from which on texts are.
        weight: What it adds where a rule counts points. What must not differ adds none: it has
            to hold whatever else does.
    """

    field: str
    method: str = Method.SAME.value
    at_least: int = SIMILAR
    weight: int = 1

    @property
    def is_counted(self) -> bool:
        """Whether it speaks for two records being the same, and not only against."""
        return self.method != Method.NOT_DIFFERENT


@dataclass(frozen=True, slots=True)
class Rule:
    """How doubles of one record type are found.

    Attributes:
        key: Its name within the type that never changes.
        needed: How many points make two records the same; 0: all conditions have to hold.
        typing: Whether doubles are told while a new record is typed; ``importing`` and
            ``scanning`` likewise.
        tells_unseen: Whether who saves is told of a double that it may not see: that there is
            one, and no more.
    """

    record_type: str
    key: str
    name: str
    conditions: tuple[Condition, ...]
    needed: int = 0
    is_on: bool = True
    typing: bool = True
    on_save: str = OnSave.NOTHING.value
    importing: bool = True
    scanning: bool = True
    tells_unseen: bool = False

    @property
    def counted(self) -> tuple[Condition, ...]:
        """The conditions that speak for two records being the same."""
        return tuple(one for one in self.conditions if one.is_counted)

    @property
    def needed_points(self) -> int:
        """How many points make two records the same."""
        return self.needed or sum(one.weight for one in self.counted)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that it compares."""
        return tuple(dict.fromkeys(one.field for one in self.conditions))

    def is_for(self, use: Use) -> bool:
        """Tell whether it is asked on this occasion."""
        uses = {
            Use.TYPING: self.typing,
            Use.SAVE: self.on_save != OnSave.NOTHING,
            Use.IMPORT: self.importing,
            Use.SCAN: self.scanning,
        }
        return self.is_on and uses[use]

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON form."""
        return {**asdict(self), "conditions": [asdict(one) for one in self.conditions]}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Rule:
        """Return the rule of a JSON form; what a later release has added is left out."""
        conditions = tuple(
            Condition(**{name: one[name] for name in Condition.__slots__ if name in one})
            for one in raw["conditions"]
        )
        rest = {name: raw[name] for name in cls.__slots__ if name in raw}
        return cls(**{**rest, "conditions": conditions})


def _same(record_type: str, field: str, name: str, on_save: OnSave = OnSave.ASK) -> Rule:
    return Rule(record_type, field, name, (Condition(field),), on_save=on_save.value)


def _similar(record_type: str, beside: str, name: str) -> Rule:
    conditions = (
        Condition("name", Method.SIMILAR.value),
        Condition(beside, Method.NOT_DIFFERENT.value),
    )
    return Rule(record_type, "name", name, conditions, on_save=OnSave.ASK.value)


# A switchboard's number is shared by many, so nobody is asked about it.
_ALL: Final = (
    _same("account", "email", "Same e-mail address"),
    _same("account", "phone", "Same phone number", OnSave.NOTHING),
    _same("account", "website", "Same website"),
    _similar("account", "city", "Similar name, no other city"),
    _same("contact", "email", "Same e-mail address"),
    _same("contact", "phone", "Same phone number", OnSave.NOTHING),
    _similar("contact", "account_id", "Similar name, no other account"),
    _same("lead", "email", "Same e-mail address"),
    _same("lead", "phone", "Same phone number", OnSave.NOTHING),
    _similar("lead", "company", "Similar name, no other company"),
)


def by_type(rules: Iterable[Rule]) -> dict[str, dict[str, Rule]]:
    """Return rules by their record type and key, in their order."""
    found: dict[str, dict[str, Rule]] = {}
    for rule in rules:
        found.setdefault(rule.record_type, {})[rule.key] = rule
    return found


SHIPPED: Final[Mapping[str, Mapping[str, Rule]]] = by_type(_ALL)
"""Record type → key → rule, as long as no administrator has changed it."""

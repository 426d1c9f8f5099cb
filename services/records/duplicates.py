"""Finding records that are there twice: while typing and when saving.

What is exact (a mail address, a phone number, a company's domain) is found by its index. Names
are compared within those that share a ``match_key``, by rapidfuzz's token ratio.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy import ColumnElement, select

from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.crm.lead_model import Lead
from services.points.keeping import holders
from services.points.model import MIRRORED, ContactPoint
from services.records.contact_points import normalise_email, normalise_phone, website_domain
from services.records.folding import match_key, name_words
from services.records.types import title_of
from services.unit_of_work import UnitOfWork

SIMILAR = 88
"""From which ratio of 100 on two names are called similar."""

MAX_CANDIDATES = 500
POINT_COLUMNS: Mapping[str, str] = {column: kind for kind, column in MIRRORED.items()}
"""Columns of which a record may have more: the kind of their contact points."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How doubles of one record type are found.

    Attributes:
        model: Its table, with a ``match_key``.
        exact: Columns that make two records the same if they agree, with their label.
        support: A column that must agree, or be empty on either side, for similar names to count.
    """

    model: type[Account | Contact | Lead]
    exact: Mapping[str, str]
    support: str


@dataclass(frozen=True, slots=True)
class Match:
    """A record that may be the same.

    Attributes:
        score: 100 where something exact agrees, else how similar the names are.
        reasons: What agrees, for people.
    """

    record: Any
    score: int
    reasons: tuple[str, ...]


RULES: Mapping[str, Rule] = {
    "account": Rule(Account, {"email": "E-mail", "phone": "Phone", "domain": "Website"}, "city"),
    "contact": Rule(Contact, {"email": "E-mail", "phone": "Phone"}, "account_id"),
    "lead": Rule(Lead, {"email": "E-mail", "phone": "Phone"}, "company"),
}


def find_duplicates(
    uow: UnitOfWork,
    record_type: str,
    values: Mapping[str, Any],
    *,
    exclude: UUID | None = None,
    limit: int = 5,
) -> list[Match]:
    """Return the visible records that may be the same as one with these values, best first.

    Fields that are hidden from the actor are not compared: whether they agree would tell of them.

    Args:
        uow: Of whoever asks.
        record_type: One without a rule has no doubles.
        values: Field name → what was typed so far, as text or as it is stored.
        exclude: The record itself.
        limit: At most so many.
    """
    rule = RULES.get(record_type)
    if rule is None:
        return []
    hidden = uow.actor.hidden_fields(record_type)
    given = _normalised(
        record_type, {name: value for name, value in values.items() if name not in hidden}
    )
    found: dict[UUID, Match] = {}
    own = {name: kept for name, kept in _own_points(uow, exclude).items() if name not in hidden}
    for match in (*_exact(uow, rule, given, own), *_similar(uow, rule, given)):
        known = found.get(match.record.id)
        if match.record.id != exclude and (known is None or match.score > known.score):
            reasons = (*(known.reasons if known else ()), *match.reasons)
            found[match.record.id] = Match(match.record, match.score, reasons)
        elif known is not None:
            reasons = (*known.reasons, *match.reasons)
            found[match.record.id] = Match(known.record, known.score, reasons)
    best = sorted(found.values(), key=lambda match: (-match.score, title_of(match.record)))
    return best[:limit]


def similarity(one: str, other: str) -> int:
    """Return how similar two names are, 0 to 100, whatever the order of their words."""
    words = (" ".join(name_words(name)) for name in (one, other))
    return round(token_sort_ratio(*words))


def supported(one: Any, other: Any) -> bool:
    """Tell whether what stands beside two similar names does not speak against them."""
    return not one or not other or one == other


def _exact(
    uow: UnitOfWork, rule: Rule, given: Mapping[str, Any], own: Mapping[str, set[str]]
) -> Iterator[Match]:
    """Yield what agrees exactly; an address or a number with any that the other one has."""
    for name, label in rule.exact.items():
        values = own.get(name, set()) | ({given[name]} if given.get(name) else set())
        if values:
            statement = uow.select(rule.model).where(_has_one_of(rule, name, values))
            for record in uow.session.scalars(statement.limit(MAX_CANDIDATES)):
                yield Match(record, 100, (f"same {label.lower()}",))


def _has_one_of(rule: Rule, name: str, values: set[str]) -> ColumnElement[bool]:
    found: ColumnElement[bool]
    if name in POINT_COLUMNS:
        keys = holders(rule.model.record_type, POINT_COLUMNS[name], sorted(values))
        found = rule.model.id.in_(keys)
    else:
        found = getattr(rule.model, name).in_(sorted(values))
    return found


def _own_points(uow: UnitOfWork, key: UUID | None) -> dict[str, set[str]]:
    """Return all addresses and numbers of the record with this key, by their column."""
    found: dict[str, set[str]] = {}
    if key is not None:
        statement = select(ContactPoint).where(ContactPoint.record_id == key)
        for point in uow.session.scalars(statement):
            if point.kind in MIRRORED:
                found.setdefault(MIRRORED[point.kind], set()).add(point.normalised)
    return found


def _similar(uow: UnitOfWork, rule: Rule, given: Mapping[str, Any]) -> Iterator[Match]:
    name = given.get("name")
    key = match_key(name) if name else ""
    if not key:
        return
    statement = uow.select(rule.model).where(rule.model.match_key == key).limit(MAX_CANDIDATES)
    candidates: Sequence[Any] = uow.session.scalars(statement).all()
    for record in candidates:
        score = similarity(str(name), record.name)
        beside = supported(given.get(rule.support), getattr(record, rule.support))
        if score >= SIMILAR and beside:
            yield Match(record, min(score, 99), ("similar name",))


def _normalised(record_type: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed as it is stored; what is not whole yet is left out."""
    given: dict[str, Any] = {name: value for name, value in values.items() if value}
    for name, normalise in (("email", normalise_email), ("phone", normalise_phone)):
        if name in given:
            try:
                given[name] = normalise(str(given[name]))
            except ValueError:
                del given[name]
    if record_type == "account":
        given["domain"] = website_domain(given.get("website"))
    if record_type == "contact":
        names = (given.get("first_name"), given.get("last_name"))
        given["name"] = " ".join(str(name) for name in names if name)
    if isinstance(given.get("account_id"), str):
        given["account_id"] = _key(given["account_id"])
    return given


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

"""Asking before a record is saved that is there already.

People and programs are asked; a process, a conversion, an import or the public form finds doubles
in its own way, or has nobody to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final

from sqlalchemy import ARRAY, Text, bindparam, func, select

from services.arguments import Line, Truth
from services.duplicates.anchors import anchors_of
from services.duplicates.finding import (
    Hit,
    Match,
    find_hits,
    open_rules,
    present_hits,
)
from services.duplicates.rules import OnSave, Rule, Use
from services.duplicates.wanted import Wanted, as_stored, wanted_of
from services.errors import Conflict
from services.records.timeline import add_entry
from services.records.types import RecordType, get_record_type, title_of
from services.unit_of_work import UnitOfWork

SHOWN: Final = 5
_ASKING: Final = frozenset({OnSave.ASK.value, OnSave.BLOCK.value})
_BLOCKING: Final = frozenset({OnSave.BLOCK.value})

DOUBLE_ARGUMENTS: Final = {
    "allow_duplicate": Truth(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Even if it is there already",
            "description": "Left out, people and programs are asked, and processes are not.",
        },
    ),
    "duplicate_reason": Line(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Why it is no double",
            "description": "Some rules let a record pass only with a reason.",
        },
    ),
}
"""What the operations take besides that ask about doubles."""


class DuplicateFound(Conflict):
    """A record like the one that is to be made is there already.

    Attributes:
        candidates: Those that the actor may see, as programs read them, the surest first.
        unseen: How many more there are of which it may know only that.
        needs_reason: Whether it may only be made with a reason.
    """

    code = "duplicate"

    def __init__(self, matches: Sequence[Match], unseen: int, *, needs_reason: bool) -> None:
        # Read at once: it outlives the transaction in which the records were found.
        self.candidates: list[dict[str, Any]] = [
            {
                "id": match.record.id,
                "record_type": match.record.record_type,
                "title": title_of(match.record),
                "score": match.score,
                "reasons": list(match.reasons),
            }
            for match in matches
        ]
        self.unseen = unseen
        self.needs_reason = needs_reason
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        said = []
        if self.candidates:
            best, *others = self.candidates
            more = f" and {len(others)} more" if others else ""
            said.append(f"This looks like “{best['title']}” ({', '.join(best['reasons'])}){more}.")
            if self.unseen:
                said.append("There is one too that belongs to somebody else.")
        else:
            said.append("This is there already and belongs to somebody else.")
        if self.needs_reason:
            said.append("It can only be made with a reason.")
        return " ".join(said)


def asks_about_doubles(record_type: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Have an operation that makes records ask first whether they are there already.

    Its schema takes ``DOUBLE_ARGUMENTS``.
    """

    def decorate(create: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(create)
        def ask_and_create(
            uow: UnitOfWork,
            *,
            allow_duplicate: bool | None = None,
            duplicate_reason: str | None = None,
            **values: Any,
        ) -> Any:
            # Who calls from somewhere can be asked; a process that it moves on can't.
            is_asked = uow.address is not None and uow.call_key is None
            passed = None
            if is_asked or allow_duplicate is not None:
                reason = duplicate_reason if allow_duplicate else None
                uses = _BLOCKING if allow_duplicate else _ASKING
                passed = _check(uow, record_type, values, uses, reason)
            record = create(uow, **values)
            if passed:
                add_entry(uow, record, "duplicate", passed, duplicate_reason)
            return record

        return ask_and_create

    return decorate


def _check(
    uow: UnitOfWork,
    record_type: str,
    values: Mapping[str, Any],
    uses: frozenset[str],
    reason: str | None,
) -> str | None:
    """Return what the timeline tells of doubles that were let pass for a reason, or None.

    Raises:
        DuplicateFound: There are some, and nothing lets the record pass.
    """
    rules = [rule for rule in open_rules(uow, record_type, Use.SAVE) if rule.on_save in uses]
    if not rules:
        return None
    found = get_record_type(record_type)
    wanted = wanted_of(found, rules, as_stored(found, rules, values))
    _wait_for_others(uow, found, rules, wanted)
    hits = find_hits(uow, found, rules, [wanted])[0]
    if not hits:
        return None
    matches = present_hits(uow, found, [hit for hit in hits if hit.is_seen])[:SHOWN]
    if reason:
        named = ", ".join(f"“{title_of(match.record)}”" for match in matches)
        return f"Created although it looks like {named or 'one that belongs to somebody else'}"
    unseen = sum(not hit.is_seen for hit in hits)
    raise DuplicateFound(matches, unseen, needs_reason=_blocks(hits))


def _blocks(hits: Sequence[Hit]) -> bool:
    return any(rule.on_save == OnSave.BLOCK for hit in hits for rule in hit.rules)


def _wait_for_others(
    uow: UnitOfWork, record_type: RecordType, rules: Sequence[Rule], wanted: Wanted
) -> None:
    """Let two who save the same at once do it one after the other, so that the second is asked."""
    marks = {
        f"double:{record_type.name}:{one.field}:{one.method}:{mark}"
        for rule in rules
        for one in anchors_of(record_type, rule)
        for mark in wanted.subject.marks(one)
    }
    if marks:
        keys = func.unnest(bindparam("marks", sorted(marks), type_=ARRAY(Text))).alias("mark")
        lock = func.pg_advisory_xact_lock(func.hashtextextended(keys.column, 0))
        uow.session.execute(select(lock).select_from(keys))

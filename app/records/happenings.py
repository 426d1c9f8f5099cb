"""Timeline entries as the timeline macro takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import url_for

from app.records.titles import record_url
from services.records.timeline import TimelineEntry

_ICONS: Final[Mapping[str, tuple[str, str]]] = {
    "created": ("plus", "accent"),
    "changed": ("pencil", ""),
    "status": ("progress", "info"),
    "stage": ("progress", "info"),
    "assigned": ("user-check", ""),
    "converted": ("check", "good"),
    "note": ("note", "warn"),
    "mail": ("mail", "info"),
    "activity": ("calendar", "info"),
    "document": ("file-text", ""),
    "process": ("sitemap", ""),
    "task": ("list-check", "accent"),
    "deleted": ("trash", "bad"),
    "restored": ("arrow-back-up", "good"),
}
_ACTIVITIES: Final = {"call": "phone", "meeting": "users", "task": "list-check", "mail": "mail"}
_OTHER: Final = ("activity", "")


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry as it is drawn."""

    id: UUID
    at: datetime
    icon: str
    tone: str
    title: str
    text: str
    by: str
    url: str


def happenings(entries: Iterable[TimelineEntry], *, on: UUID | None = None) -> list[Happening]:
    """Return the entries for a page; those of other records than ``on`` link to theirs."""
    return [_happening(entry, on) for entry in entries]


def _happening(entry: TimelineEntry, on: UUID | None) -> Happening:
    picture, tone = _ICONS.get(entry.kind, _OTHER)
    picture = _ACTIVITIES.get(entry.details.get("activity_kind", ""), picture)
    elsewhere = on is not None and entry.record_id != on
    edited = " (changed)" if "edited_at" in entry.details else ""
    return Happening(
        id=entry.id,
        at=entry.at,
        icon=picture,
        tone=tone,
        title=entry.title + edited + (f" · {entry.record_title}" if elsewhere else ""),
        text=entry.body or _changes_text(entry.details),
        by=entry.actor_name,
        url=_own_page(entry)
        or (record_url(entry.record_type, entry.record_id) if elsewhere else ""),
    )


def _own_page(entry: TimelineEntry) -> str:
    """Return the address of what an entry is about, if that has a page: a mail, a note."""
    if entry.kind == "note":
        return url_for("notes.show", key=entry.id)
    if "thread_id" in entry.details:
        return url_for("conversations.show", key=entry.details["thread_id"])
    if entry.kind == "document" and "document_id" in entry.details:
        return url_for("documents.download", key=entry.details["document_id"])
    if "activity_id" in entry.details:
        return record_url("activity", entry.details["activity_id"])
    return ""


def _changes_text(details: Mapping[str, Any]) -> str:
    """Return one line for each changed field."""
    return "\n".join(
        f"{change['label']}: {_or_nothing(change.get('old'))} → {_or_nothing(change.get('new'))}"
        for change in details.get("changes", ())
    )


def _or_nothing(value: Any) -> str:
    return "nothing" if value is None or value == "" else str(value)

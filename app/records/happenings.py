"""Timeline entries as the timeline macro takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
class Changed:
    """A field that was changed: a text, a time, or None for nothing, before and after."""

    label: str
    old: str | datetime | None
    new: str | datetime | None


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry as it is drawn; it has a text, or tells of changes, or neither."""

    id: UUID
    at: datetime
    icon: str
    tone: str
    title: str
    text: str
    changes: tuple[Changed, ...]
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
    title = "Deleted a note" if "deleted_at" in entry.details else entry.title + edited
    return Happening(
        id=entry.id,
        at=entry.at,
        icon=picture,
        tone=tone,
        title=title + (f" · {entry.record_title}" if elsewhere else ""),
        text="\n\n".join(filter(None, (entry.body, *_remarks(entry)))),
        changes=() if entry.body else tuple(map(_changed, entry.details.get("changes", ()))),
        by=entry.actor_name,
        url=_own_page(entry)
        or (record_url(entry.record_type, entry.record_id) if elsewhere else ""),
    )


def _remarks(entry: TimelineEntry) -> Iterator[str]:
    """Yield what is to be known of a mail besides its words."""
    if entry.details.get("forged"):
        yield "The mail server found that the sender is not genuine."
    if files := entry.details.get("left_out"):
        yield f"Too large, or too many, to be kept: {', '.join(files)}."


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


def _changed(change: Mapping[str, Any]) -> Changed:
    kind = change.get("kind")
    old, new = (told_value(change.get(side), kind) for side in ("old", "new"))
    return Changed(change["label"], old, new)


def told_value(value: str | None, kind: str | None) -> str | datetime | None:
    """Return a value that the timeline tells as it is drawn: a time as such."""
    if value and kind == "datetime":
        return datetime.fromisoformat(value)
    return value or None

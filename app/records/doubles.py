"""Records that are there twice: shown while typing, compared side by side, merged, undone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.edit import shown_text
from app.records.kind import RecordKind
from app.records.kinds import KINDS
from app.records.titles import Titles
from services.duplicates.dismissing import dismissals_of
from services.duplicates.finding import find_duplicates
from services.duplicates.model import DuplicateScan
from services.duplicates.pairs import list_pairs
from services.duplicates.scans import list_scans
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.records.merging import list_merges
from services.records.types import Field, get_record, get_record_type, title_of
from services.unit_of_work import UnitOfWork

_ALIKE: Final = {"same": True, "similar": False}
_PLACE: Final = ("alike", "state", "after", "before")
_KEY: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DISMISSED: Final = "dismissed"
_UNSEEN = frozenset({"version", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class Line:
    """One field of two records side by side; ``take`` proposes the other's value."""

    field: Field
    take: bool


def similar(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Show what may be the same as the record that is being typed."""
    matches = find_duplicates(uow, kind.record_type, request.args.to_dict())
    return render_template("records/similar.html", kind=kind, matches=matches)


def show_doubles(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show what may be the same as a record, and what was merged into it last."""
    _check(kind)
    record = get_record(uow, kind.record_type, key)
    values = {field.name: getattr(record, field.name) for field in kind.type.fields}
    dismissals = dismissals_of(uow, record.id)
    matches = find_duplicates(uow, kind.record_type, values, exclude=record.id, limit=20)
    return render_template(
        "records/doubles.html",
        kind=kind,
        record=record,
        title=title_of(record),
        matches=sorted(matches, key=lambda match: match.record.id in dismissals),
        dismissals=dismissals,
        merges=list_merges(uow, kind.record_type, key),
    )


def compare(kind: RecordKind, uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Show two records side by side, to choose from field by field."""
    _check(kind)
    kept = get_record(uow, kind.record_type, key)
    dropped = get_record(uow, kind.record_type, other)
    fields = [field for field in uow.writable_fields(kind.type) if field.name not in _UNSEEN]
    return render_template(
        "records/compare.html",
        kind=kind,
        kept=kept,
        dropped=dropped,
        lines=[_line(field, kept, dropped) for field in fields if _differs(field, kept, dropped)],
        titles=Titles(uow, fields, [kept, dropped]),
        title=title_of(kept),
        other=title_of(dropped),
    )


def merge(kind: RecordKind, uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Merge the other record into this one and show it."""
    take = [name for name, choice in request.form.items() if choice == "other"]
    arguments = {
        "record_type": kind.record_type,
        "kept_id": str(key),
        "dropped_id": str(other),
        "take": take,
    }
    run(uow, "record.merge", arguments)
    flash("Merged. You can undo it under “Find doubles”.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key))


def unmerge(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Undo a merge and show the record that is back."""
    done = run(uow, "record.unmerge", {"merge_id": request.form.get("merge_id", "")})
    flash("The merge is undone; this record is back.", "good")
    if done["left"]:
        flash(f"Changed since, and left as it is: {', '.join(done['left'])}.", "warn")
    del key  # of the kept record; the one that is back is of more interest
    return redirect(url_for(f"{kind.place}.show", key=done["restored_id"]))


def show_pairs(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Show the pairs that scans have found, a page at a time."""
    _check(kind)
    scan = _last_scan(kind, uow)
    chosen = request.args.get("alike", "")
    is_dismissed = request.args.get("state") == _DISMISSED
    page = list_pairs(
        uow,
        kind.record_type,
        is_sure=_ALIKE.get(chosen),
        is_dismissed=is_dismissed,
        after=request.args.get("after"),
        before=request.args.get("before"),
    )
    if not page.items and (request.args.get("after") or request.args.get("before")):
        state = _DISMISSED if is_dismissed else None
        return redirect(url_for(f"{kind.place}.pairs", alike=chosen or None, state=state))
    return render_template(
        "records/pairs.html",
        kind=kind,
        kinds=[one for one in KINDS.values() if one.finds_doubles or one is kind],
        page=page,
        chosen=chosen,
        is_dismissed=is_dismissed,
        position={name: request.args.get(name, "") for name in _PLACE},
        scan=scan,
        notes=_told(scan),
        title_of=title_of,
    )


def scan(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Begin a scan of all records of this type."""
    run(uow, "duplicates.scan", {"record_type": kind.record_type})
    return redirect(url_for(f"{kind.place}.pairs"))


def cancel_scan(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Stop the scan that runs."""
    run(uow, "duplicates.cancel", {"scan_id": request.form.get("scan_id", "")})
    return redirect(url_for(f"{kind.place}.pairs"))


def dismiss(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Say that two records are not the same."""
    run(uow, "duplicates.dismiss", {"pair_id": request.form.get("pair_id", "")})
    return redirect(_same_page(kind))


def dismiss_chosen(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Say of the pairs that are ticked that their records are not the same."""
    done = run(uow, "duplicates.dismiss_many", {"pair_ids": request.form.getlist("pair_ids")})
    count = done["dismissed"]
    flash(f"{count} {'pair is' if count == 1 else 'pairs are'} none any more.", "good")
    return redirect(_same_page(kind))


def bring_back(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Take back that two records are not the same."""
    run(uow, "duplicates.bring_back", {"pair_id": request.form.get("pair_id", "")})
    flash("The pair is among the doubles again.", "good")
    return redirect(_same_page(kind))


def tell_apart(kind: RecordKind, uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Say on the page of a record's doubles that another one is not the same."""
    keys = {"record_id": str(key), "other_id": str(other)}
    run(uow, "duplicates.tell_apart", {"record_type": kind.record_type, **keys})
    return redirect(url_for(f"{kind.place}.doubles", key=key))


def take_back(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take back on the page of a record's doubles that another one is not the same."""
    run(uow, "duplicates.bring_back", {"pair_id": request.form.get("pair_id", "")})
    return redirect(url_for(f"{kind.place}.doubles", key=key))


def explain_in_pairs(
    kind: RecordKind, _uow: UnitOfWork, error: LanewiseError, **_others: object
) -> ResponseReturnValue:
    """Say on the page of pairs why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for(f"{kind.place}.pairs"))


def _same_page(kind: RecordKind) -> str:
    """Return the address of the page that a form was on; those that followed have moved up."""
    place: dict[str, Any] = {name: request.form.get(name) or None for name in _PLACE}
    return url_for(f"{kind.place}.pairs", **place)


def _check(kind: RecordKind) -> None:
    if not kind.has_doubles:
        raise NotFound(f"{kind.type.plural} have no rule for doubles.")


def _differs(field: Field, kept: Any, dropped: Any) -> bool:
    return shown_text(getattr(kept, field.name)) != shown_text(getattr(dropped, field.name))


def _line(field: Field, kept: Any, dropped: Any) -> Line:
    """Propose the other's value where this record has none."""
    ours, theirs = getattr(kept, field.name), getattr(dropped, field.name)
    return Line(field, take=not ours and bool(theirs) and field.name not in {"owner_id", "team_id"})


def _told(scan: DuplicateScan | None) -> list[str]:
    """Return the groups that were too large, as people read them."""
    if scan is None:
        return []
    return [f"{note['size']:,}{_with(note['mark'])} ({note['rule']})" for note in scan.notes]


def _with(mark: str) -> str:
    """Return what the records of a group have in common, unless it is the key of another one."""
    return "" if _KEY.fullmatch(mark) else f" with “{mark}”"


def _last_scan(kind: RecordKind, uow: UnitOfWork) -> DuplicateScan | None:
    scans = list_scans(uow, limit=20)
    name = get_record_type(kind.record_type).name
    return next((one for one in scans if one.record_type == name), None)

"""How a template would look that is being written: with a record, or with stand-ins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any, Final

from services.documents.checking import problems_of
from services.documents.drawing import look_of, missing_in, warning_of
from services.documents.layout import draw_pages
from services.documents.sandbox import Medium, render
from services.documents.template_model import TemplateKind
from services.documents.trials import known_values, told_values, trial_values
from services.documents.values import values_for
from services.documents.word.filling import fill_word_file, html_of_file
from services.errors import Invalid
from services.unit_of_work import UnitOfWork

MAX_PAGES: Final = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """A template as it stands in the editor; ``content`` is the Word file if it is one."""

    kind: TemplateKind
    title: str
    body: str
    language: str
    record_types: Sequence[str] = ()
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with a draft.

    Attributes:
        field: ``title`` or ``body``.
        line: Of that field, from 1; None if nobody knows.
    """

    sentence: str
    field: str = ""
    line: int | None = None


@dataclass(slots=True)
class Preview:
    """What is shown beside the editor.

    Attributes:
        pages: Pictures of a document's first pages.
        html: What a mail says, not cleaned yet; or what is in a Word file, without its looks.
        more_pages: How many follow.
        warning: What is not wrong with the template, but with the installation.
    """

    title: str = ""
    pages: list[bytes] = field(default_factory=list)
    html: str = ""
    more_pages: int = 0
    warning: str = ""
    problems: list[Found] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a comparison; ``sign`` is ``+``, ``-``, a space, or ``@`` for a gap."""

    sign: str
    text: str


def preview_draft(uow: UnitOfWork, draft: Draft, record: Any | None) -> Preview:
    """Return how a draft looks with ``record``, or with stand-ins where that is None."""
    preview = Preview(problems=list(_problems(uow, draft)))
    if preview.problems:
        return preview
    values = _values(uow, draft, record)
    zone, language = uow.platform.settings.timezone, draft.language
    try:
        preview.title = render(draft.title, values, language=language, zone=zone, html=False)
        if draft.content is not None:
            filled = fill_word_file(draft.content, values, language=language, zone=zone)
            preview.html = html_of_file(filled)
            return preview
        html = render(draft.body, values, language=language, zone=zone)
        if draft.kind is TemplateKind.MAIL:
            preview.html = html
            return preview
        look = look_of(uow, preview.title, language)
        drawn, missing = draw_pages(html, look), missing_in(html, look)
    except Invalid as error:
        preview.problems.append(Found(error.message))
        return preview
    preview.warning = warning_of(missing) if missing else ""
    preview.pages, preview.more_pages = drawn[:MAX_PAGES], max(0, len(drawn) - MAX_PAGES)
    return preview


def compare_texts(old: str, new: str) -> list[DiffLine]:
    """Return how ``new`` differs from ``old``, line by line; nothing if it doesn't."""
    lines = unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3)
    return [DiffLine(line[:1], line[1:]) for line in list(lines)[2:]]


def _problems(uow: UnitOfWork, draft: Draft) -> Iterator[Found]:
    types = list(draft.record_types)
    known, told = known_values(types), told_values(uow, types)
    for problem in problems_of(draft.title, known, Medium.LINE, told=told):
        yield Found(f"Title: {problem.message}", "title")
    if draft.content is None:
        for problem in problems_of(draft.body, known, told=told):
            said = str(problem)
            yield Found(f"{said[:1].upper()}{said[1:]}", "body", problem.line)


def _values(uow: UnitOfWork, draft: Draft, record: Any | None) -> dict[str, Any]:
    """Return the values of a record; without one, the label of each in its place."""
    if record is None:
        return trial_values(told_values(uow, draft.record_types))[0]
    said = "The text that is sent with it." if draft.kind is TemplateKind.MAIL else None
    return values_for(uow, record, message=said)

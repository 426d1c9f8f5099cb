"""Tries a template before it is put in force: with everything there is, and with nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from services.documents.checking import Problem, problems_of
from services.documents.layout import Look, draw_pdf
from services.documents.sandbox import Medium, render
from services.documents.template_model import TemplateKind
from services.documents.vocabulary import Value, Vocabulary, vocabulary_of
from services.documents.word.filling import fill_word_file, problems_in
from services.documents.word.package import WordFile
from services.errors import Invalid
from services.records.types import RecordType
from services.unit_of_work import UnitOfWork

_SAMPLES: Final[Mapping[str, Any]] = {
    **dict.fromkeys(
        ("money", "price", "decimal", "percent", "markup", "quantity"), Decimal("12.50")
    ),
    "number": 12,
    "date": date(2026, 1, 31),
    "datetime": datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
    "boolean": True,
    "currency": "EUR",
    "url": "https://lanewise.example/",
    "long_text": "One line\nand another",
}
_ITEMS: Final = 2
_LOOK: Final = Look("Trial", "L", "#1f4e79", "Trial")


def known_values(record_types: Iterable[str]) -> Vocabulary:
    """Return all that a template for these record types may name."""
    return vocabulary_of(record_types, _all_fields)


def told_values(uow: UnitOfWork, record_types: Iterable[str]) -> Vocabulary:
    """Return that of it which the actor may know of."""
    return vocabulary_of(record_types, uow.readable_fields)


def check_title(uow: UnitOfWork, title: str, record_types: Iterable[str]) -> None:
    """Check a subject or title.

    Raises:
        Invalid: It can't be used; ``fields`` says why.
    """
    _refuse("title", _problems(uow, title, record_types, Medium.LINE))


def check_html(
    uow: UnitOfWork, body: str, record_types: Iterable[str], kind: TemplateKind, language: str
) -> None:
    """Check the HTML of a template, and try it.

    Raises:
        Invalid: It can't be used; ``fields`` says why, with the line.
    """
    types = list(record_types)
    _refuse("body", _problems(uow, body, types, Medium.HTML))
    zone = uow.platform.settings.timezone
    for values in trial_values(known_values(types)):
        try:
            html = render(body, values, language=language, zone=zone)
            if kind is TemplateKind.DOCUMENT:
                draw_pdf(html, _LOOK)
        except Invalid as error:
            _refuse("body", [Problem(None, error.message)])


def check_word_file(
    uow: UnitOfWork, file: WordFile, content: bytes, record_types: Iterable[str], language: str
) -> None:
    """Check a Word file as a template, and try it.

    Raises:
        Invalid: It can't be used; ``fields`` says why, with the place.
    """
    types = list(record_types)
    known = known_values(types)
    _refuse("content", problems_in(file, known, told=told_values(uow, types)))
    zone = uow.platform.settings.timezone
    for values in trial_values(known):
        try:
            fill_word_file(content, values, language=language, zone=zone)
        except Invalid as error:
            _refuse("content", [Problem(None, error.message)])


def trial_values(known: Vocabulary) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return values for all that may be named, and for none of it."""
    return {name: _sample(value) for name, value in known.items()}, {}


def _problems(
    uow: UnitOfWork, source: str, record_types: Iterable[str], medium: Medium
) -> list[Problem]:
    types = list(record_types)
    return problems_of(source, known_values(types), medium, told=told_values(uow, types))


def _sample(value: Value) -> Any:
    if value.parts is None:
        one = _SAMPLES.get(value.kind, value.label)
        return [one] * _ITEMS if value.is_list else one
    whole = {name: _sample(part) for name, part in value.parts.items()}
    return [whole] * _ITEMS if value.is_list else whole


def _refuse(field: str, problems: list[Problem]) -> None:
    if problems:
        said = [str(problem) for problem in problems]
        raise Invalid("The template can't be used like this.", {field: said})


def _all_fields(record_type: RecordType) -> Any:
    return record_type.fields

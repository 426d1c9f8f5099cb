"""Word files filled with values: places, loops over table rows, line breaks.

``docxtpl`` makes one text of a place that Word has scattered over several runs, and knows where a
loop over rows or paragraphs begins. What it makes is run in the same sandbox as all templates, and
must be whole XML afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from services.documents.checking import MAX_PROBLEMS, Problem, problems_of
from services.documents.sandbox import Budget, Medium, fill
from services.documents.vocabulary import Vocabulary
from services.documents.word.markup import html_of_part, paragraphs_of
from services.documents.word.package import WordFile, pack, read_word_file
from services.errors import Invalid

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

MAX_PLACES: Final = 2_000
"""In one part of a file."""

MAX_ITERATIONS: Final = 20_000
MAX_CHARACTERS: Final = 20_000_000
MAX_SECONDS: Final = 20.0

_MARK: Final = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")
_PAIRS: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
_RAW: Final = re.compile(r"\{\{(p|r|tr|tc)\s")
_PARAGRAPH: Final = re.compile(r"<w:p([ >])")
_TAG: Final = re.compile(r"<[^>]+>")
_PICTURE_NUMBER: Final = re.compile(r'(<wp:docPr\b[^>]*?\bid=")\d+(")')
_SHOWN: Final = 80


def text_of_file(file: WordFile) -> str:
    """Return all text of a Word file, a line a paragraph: to be read, and compared."""
    found = (paragraphs_of(file.parts[name], label) for name, label in file.texts.items())
    return "\n".join(line for lines in found for line in lines if line.strip())


def problems_in(
    file: WordFile, known: Vocabulary, *, told: Vocabulary | None = None
) -> list[Problem]:
    """Return what keeps a Word file from being a template, each with the text that it is in."""
    found: list[Problem] = []
    for name, label in file.texts.items():
        problems = list(_unpaired(file.parts[name], label))
        if not problems:
            source = _prepared(file.parts[name])
            lines = source.split("\n")
            for problem in problems_of(source, known, Medium.WORD, told=told):
                at = problem.line or 0
                place = _shown(lines[at - 1]) if 0 < at <= len(lines) else ""
                problems.append(_placed(label, place, problem.message))
        found += problems
    return found[:MAX_PROBLEMS]


def fill_word_file(
    content: bytes, values: Mapping[str, Any], *, language: str, zone: ZoneInfo
) -> bytes:
    """Return the Word file with its places filled.

    Raises:
        Invalid: It is no template, or does more than a template may.
    """
    file = read_word_file(content)
    budget = Budget(MAX_ITERATIONS, MAX_CHARACTERS, MAX_SECONDS)
    parts = dict(file.parts)
    for name, label in file.texts.items():
        if not _MARK.search(file.parts[name].decode("utf-8-sig")):
            continue
        source = _prepared(file.parts[name])
        filled = fill(source, values, budget, language=language, zone=zone, medium=Medium.WORD)
        parts[name] = _finished(filled, has_columns="{%tc " in file.parts[name].decode()).encode()
        _check_whole(parts[name], label)
    return pack(parts)


def html_of_file(content: bytes) -> str:
    """Return what is in a Word file as plain HTML, without its looks: a first impression."""
    file = read_word_file(content)
    return "\n<hr>\n".join(html_of_part(file.parts[name], label) for name, label in _by_place(file))


def _by_place(file: WordFile) -> list[tuple[str, str]]:
    """Return the parts with text as a page has them: headers, text, the rest."""
    return sorted(file.texts.items(), key=lambda part: (part[1] != "A header", part[1]))


@cache
def _docxtpl() -> DocxTemplate:
    """Return what knows how Word scatters a place; it keeps nothing of a file."""
    # Imported here: it takes 7 MB of each process that never fills a Word file.
    from docxtpl import DocxTemplate  # noqa: PLC0415

    return DocxTemplate(None)


def _prepared(part: bytes) -> str:
    """Return a part as a template, with a line for each paragraph."""
    xml = part.decode("utf-8-sig").replace("\r", " ").replace("\n", " ")
    patched: str = _docxtpl().patch_xml(xml)
    return _PARAGRAPH.sub(r"\n<w:p\1", patched)


def _finished(xml: str, *, has_columns: bool) -> str:
    """Return filled XML as Word wants it: with breaks for line ends, and its own numbers."""
    helper = _docxtpl()
    made: str = helper.resolve_listing(xml.replace("\n<w:p", "<w:p"))
    if has_columns:
        made = helper.xml_to_string(helper.fix_tables(made))
    numbers = count(1)
    return _PICTURE_NUMBER.sub(lambda found: f"{found[1]}{next(numbers)}{found[2]}", made)


def _check_whole(part: bytes, label: str) -> None:
    """Refuse what a loop has torn apart.

    Raises:
        Invalid: It is no whole XML.
    """
    try:
        paragraphs_of(part, label)
    except Invalid as error:
        message = (
            f"{label}: a repetition or condition begins in one place and ends in another. Put its "
            "beginning and its end into paragraphs of their own, {%p for … %} and {%p endfor %}, "
            "or into rows of their own, {%tr for … %} and {%tr endfor %}."
        )
        raise Invalid(message) from error


def _unpaired(part: bytes, label: str) -> Iterator[Problem]:
    """Yield the paragraphs in which a place is not closed, or there are too many places."""
    places = 0
    for paragraph in paragraphs_of(part, label):
        marks = _MARK.findall(paragraph)
        places += len(marks) // 2
        if places > MAX_PLACES:
            yield Problem(None, f"{label}: there are more than {MAX_PLACES} places for values.")
            return
        if len(marks) % 2 or any(
            _PAIRS.get(begins) != ends for begins, ends in zip(marks[::2], marks[1::2], strict=True)
        ):
            message = "a place for a value begins and doesn't end in the same paragraph."
            yield _placed(label, _shortened(paragraph), message)
        if raw := _RAW.search(paragraph):
            message = f"say {{{{ … }}}} instead of {{{{{raw[1]} … }}}}."
            yield _placed(label, _shortened(paragraph), message)


def _placed(label: str, place: str, message: str) -> Problem:
    where = f"{label}, “{place}”" if place else label
    return Problem(None, f"{where}: {message}")


def _shown(line: str) -> str:
    return _shortened(_TAG.sub("", line))


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"

"""The fonts of documents: those that the layout brings, and what lies in the installation's folder.

An operator drops a font's file into ``fonts`` in the instance's folder; it is used from the next
document on, wherever the layout's own fonts lack a letter.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import orjson
import typst

from config import Settings

ENDINGS: Final = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_State = tuple[tuple[str, int, int], ...]
_NO_LETTER: Final = "\U0010fffe"
"""No font has it: what is drawn in its place stands for every letter that is missing."""

HELD: Final = re.compile("[\\x00-\\u04ff\\u2010-\\u2026\\u20a0-\\u20bf]+")
"""Latin, Greek and Cyrillic letters and usual signs: the layout's fonts have them all."""

_SELECTORS: Final = frozenset(map(chr, range(0xFE00, 0xFE10)))
_PROBE: Final = b"""
#set page(width: auto, height: auto, margin: 2pt)
#set text(font: "Libertinus Serif")
#for letter in json(bytes(sys.inputs.at("letters"))) { page(letter) }
"""
_GLYPH: Final = re.compile(rb'href="#(\w+)"')


@dataclass(slots=True)
class _Loaded:
    """The fonts as the folder was, and which letters they were asked for."""

    state: _State
    fonts: typst.Fonts
    has: dict[str, bool] = field(default_factory=dict)


_LOCK: Final = Lock()
_loaded: dict[Path | None, _Loaded] = {}


def fonts_folder(settings: Settings) -> Path | None:
    """Return the folder of an installation's own fonts; None if there is none."""
    folder = settings.instance_path / "fonts"
    return folder if folder.is_dir() else None


def fonts_of(folder: Path | None) -> typst.Fonts:
    """Return the layout's fonts and those of ``folder``, read again once its files have changed."""
    with _LOCK:
        return _load(folder).fonts


def missing_letters(text: str, folder: Path | None) -> str:
    """Return those letters of ``text`` that no font has, in their order; they become boxes."""
    asked = {one: None for one in HELD.sub("", text) if _is_drawn(one)}
    if not asked:
        return ""
    with _LOCK:
        loaded = _load(folder)
        if unknown := [one for one in asked if one not in loaded.has]:
            loaded.has |= _probe(loaded.fonts, unknown)
        return "".join(one for one in asked if not loaded.has[one])


def _load(folder: Path | None) -> _Loaded:
    state = _state_of(folder)
    found = _loaded.get(folder)
    if found is None or found.state != state:
        paths = [] if folder is None else [folder]
        fonts = typst.Fonts(include_system_fonts=False, font_paths=paths)
        found = _loaded[folder] = _Loaded(state, fonts)
    return found


def _state_of(folder: Path | None) -> _State:
    files = () if folder is None else folder.rglob("*")
    facts = ((str(one), one.stat()) for one in files if one.suffix.lower() in ENDINGS)
    return tuple(sorted((name, about.st_mtime_ns, about.st_size) for name, about in facts))


def _is_drawn(letter: str) -> bool:
    """Tell whether a letter leaves a mark: no space, control or selector of a variant."""
    return unicodedata.category(letter)[0] not in "CZ" and letter not in _SELECTORS


def _probe(fonts: typst.Fonts, letters: list[str]) -> dict[str, bool]:
    """Draw each letter on a page of its own, and compare it with one that is surely missing."""
    compiler = typst.Compiler(_PROBE, font_paths=fonts)
    inputs = {"letters": orjson.dumps([_NO_LETTER, *letters]).decode()}
    drawn = compiler.compile(sys_inputs=inputs, format="svg")
    pages = [one for one in drawn or () if isinstance(one, bytes)]
    box, *shapes = [set(_GLYPH.findall(page)) for page in pages]
    return {one: box.isdisjoint(shape) for one, shape in zip(letters, shapes, strict=True)}

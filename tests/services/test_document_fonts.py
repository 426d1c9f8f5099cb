"""The letters of documents: which the layout has, and which fonts of one's own bring."""

from __future__ import annotations

import re

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from services.documents import fonts, layout
from services.documents.fonts import HELD, missing_letters
from services.documents.layout import Look, draw_pages, draw_pdf
from services.documents.preview import Draft, preview_draft
from services.documents.template_model import TemplateKind


@pytest.fixture
def folder(tmp_path):
    """A folder with a font that has one letter, and with what is none."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    box = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "zhong"])
    builder.setupCharacterMap({ord("中"): "zhong"})
    builder.setupGlyf({".notdef": box, "zhong": box})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "zhong"), (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    names = {"familyName": "Own", "styleName": "Regular", "psName": "Own-Regular"}
    builder.setupNameTable(names)
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "own.ttf")
    (tmp_path / "broken.otf").write_bytes(b"no font")
    (tmp_path / "README.txt").write_text("Fonts")
    return tmp_path


def test_letters_are_missing_until_a_font_that_has_them_lies_in_the_folder(folder):
    text = "Дөнгөж İstanbul ₮ שלום: 中文中"
    assert missing_letters(text, None) == "中文"
    assert missing_letters(text, folder) == "文"
    (folder / "own.ttf").unlink()
    assert missing_letters(text, folder) == "中文"


@pytest.mark.parametrize("text", ["", " \n\t\u200b\u00ad", "❤\ufe0f"])
def test_nothing_is_missing_when_nothing_is_to_be_drawn(text):
    assert missing_letters(text, None) == ""


def test_the_layout_has_all_letters_that_are_never_asked_for(monkeypatch):
    sample = "".join(chr(code) for code in range(0x20, 0x2100) if HELD.fullmatch(chr(code)))
    monkeypatch.setattr(fonts, "HELD", re.compile(" "))
    assert missing_letters(sample, None) == ""


def test_a_document_is_drawn_with_the_folders_fonts(folder):
    def drawn(where):
        return draw_pages("<p>中</p>", Look("T", "L", "#1f4e79", "", fonts=where))

    assert drawn(folder) != drawn(None)


def test_a_long_document_is_drawn_with_the_folders_fonts(folder, monkeypatch):
    monkeypatch.setattr(layout, "LONG_CHARACTERS", 0)
    assert b"Own" in draw_pdf("<p>中</p>", Look("T", "L", "#1f4e79", "", fonts=folder))


def test_who_makes_a_document_is_told_of_letters_that_no_font_has(staff):
    deal = staff.do("deal.create", "anna", name="中村 Doors")
    about = {"template": "offer", "record_type": "deal", "record_id": deal.id}
    made = staff.do("document.make", "anna", **about)
    assert made["warnings"] == [
        "No font has 中 村: boxes are printed instead. An administrator can add a font."
    ]
    with_letters = staff.do("deal.create", "anna", name="Хаалга, Şükrü")
    made = staff.do("document.make", "anna", **{**about, "record_id": with_letters.id})
    assert made["warnings"] == []


def test_the_preview_tells_of_letters_that_no_font_has(staff):
    draft = Draft(TemplateKind.DOCUMENT, "Letter", "<p>日本</p>", "ja")
    shown = staff.ask(lambda uow: preview_draft(uow, draft, None))
    assert "日 本" in shown.warning
    assert len(shown.pages) == 1

"""Word files as templates: filled, checked, and refused where they could do harm."""

from __future__ import annotations

import io
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from docx import Document

from services.documents.sandbox import MAX_ITERATIONS
from services.documents.trials import known_values
from services.documents.word import filling
from services.documents.word.filling import (
    fill_word_file,
    html_of_file,
    problems_in,
    text_of_file,
)
from services.documents.word.package import read_word_file
from services.errors import Invalid
from tests.services.word_files import (
    MAIN,
    TYPES,
    in_paragraph,
    packed,
    parts_of,
    with_part,
    with_relation,
    with_text,
    word_file,
)

LOOP = (
    ("{%tr for line in positions %}", ""),
    ("{{ line.title }}", "{{ line.total | money('EUR') }}"),
)
ROWS = (*LOOP, ("{%tr endfor %}", ""))


def _fill(content, language="en", **values):
    return fill_word_file(content, values, language=language, zone=ZoneInfo("UTC"))


def _text(content):
    return text_of_file(read_word_file(content))


def _problems(content, *types):
    return [str(one) for one in problems_in(read_word_file(content), known_values(types))]


def _lines(count):
    return [{"title": f"Line {n}", "total": Decimal("1234.5")} for n in range(count)]


def test_rows_are_repeated_when_a_loop_stands_in_rows_of_its_own():
    made = _fill(
        word_file("{{ deal.name }}", rows=ROWS), "de", deal={"name": "A"}, positions=_lines(3)
    )
    table = Document(io.BytesIO(made)).tables[0]
    cells = [[cell.text.replace("\u00a0", " ") for cell in row.cells] for row in table.rows]
    assert cells == [[f"Line {n}", "1.234,50 €"] for n in range(3)]


def test_a_value_stays_text_when_it_looks_like_markup():
    made = _fill(word_file("{{ deal.name }}"), deal={"name": '<w:p/> & "x" \x07{{ now }} {% if %}'})
    assert _text(made) == '<w:p/> & "x" {{ now }} {% if %}'


def test_lines_are_kept_when_a_text_has_several():
    made = _fill(word_file("{{ deal.needs | lines }}"), deal={"needs": "one\ntwo\tthree"})
    assert Document(io.BytesIO(made)).paragraphs[0].text == "one\ntwo\tthree"


def test_a_place_is_found_when_word_has_scattered_it():
    content = in_paragraph(
        "<w:r><w:t>{{ de</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>al.na</w:t></w:r>"
        "<w:r><w:t>me }}</w:t></w:r>"
    )
    assert _text(_fill(content, deal={"name": "Roof"})) == "Roof"


def test_headers_are_filled_when_they_have_places():
    made = _fill(word_file("x", header="{{ organization.name }}"), organization={"name": "Nord"})
    assert "Nord" in _text(made)


def test_the_same_file_comes_out_when_the_same_is_filled():
    content = word_file("{{ deal.name }}")
    assert _fill(content, deal={"name": "A"}) == _fill(content, deal={"name": "A"})


def test_a_first_impression_is_plain_html_when_a_file_is_shown():
    html = html_of_file(_fill(word_file("<b>{{ deal.name }}"), deal={"name": "<script>"}))
    assert html == "<p>&lt;b&gt;&lt;script&gt;</p>"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Dear {{ deal.nmae }},",
            "“Dear {{ deal.nmae }},”: there is no value “deal.nmae”; perhaps “deal.name”.",
        ),
        ("{{ secrets }}", "The text, “{{ secrets }}”: there is no value “secrets”."),
        ("{{ deal.name", "a place for a value begins and doesn't end in the same paragraph"),
        ("{{ deal.name.upper() }}", "a call is not allowed in templates"),
        ("{{ 'a' * 1000000 }}", "multiplication is not allowed in templates"),
        ("{%p if deal.name %}", "“{% if %}” is not closed by “{% endif %}”"),
        ("{{r deal.name }}", "say {{ … }} instead of {{r … }}"),
        ("{% for x in deal.name %}{% endfor %}", "“deal.name” is no list to be repeated"),
    ],
)
def test_the_place_is_named_when_something_is_wrong_there(text, said):
    assert said in _problems(word_file("fine", text), "deal")[0]


def test_nothing_is_wrong_when_all_values_are_known():
    content = word_file("{{ deal.amount | money(deal.currency) }}", rows=ROWS)
    assert not _problems(content, "deal")
    assert _problems(content, "account")


def test_a_torn_repetition_is_refused_when_it_spans_a_table():
    content = word_file("{% for line in positions %}", rows=[["a", "{% endfor %}"]])
    with pytest.raises(Invalid, match="begins in one place and ends in another"):
        _fill(content, positions=_lines(2))


@pytest.mark.parametrize("inner", ["", "{{ line.title }}"])
def test_filling_ends_by_its_repetitions_when_loops_are_huge(inner):
    nested = "{% for line in positions %}" * 3 + inner + "{% endfor %}" * 3
    with pytest.raises(Invalid, match="repetitions"):
        _fill(word_file(nested), positions=_lines(200))


def test_filling_ends_in_time_when_each_round_takes_long(monkeypatch):
    monkeypatch.setattr(filling, "MAX_SECONDS", 0.005)
    slow = "{% for a in positions %}" + "{% if a %}{% endif %}" * 400 + "{% endfor %}"
    with pytest.raises(Invalid, match="takes longer"):
        _fill(word_file(slow), positions=_lines(MAX_ITERATIONS))


def test_a_text_is_bounded_when_each_round_writes_much(monkeypatch):
    monkeypatch.setattr(filling, "MAX_CHARACTERS", 100_000)
    with pytest.raises(Invalid, match="too long a text"):
        _fill(
            word_file("{% for a in positions %}" + "x" * 1000 + "{% endfor %}"),
            positions=_lines(500),
        )


def test_five_thousand_lines_are_filled_when_a_paper_has_so_many():
    made = _fill(word_file(rows=ROWS), positions=_lines(5_000))
    assert "Line 4999" in _text(made)
    assert len(made) < 500_000


BOMB = b"<a>" + b" " * 30_000_000 + b"</a>"
LARGE = b"<a>" + Random(1).randbytes(2_700_000).hex().encode() + b"</a>"
ENTITIES = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'
FIELD = '<w:r><w:instrText xml:space="preserve">{}</w:instrText></w:r>'
HOSTILE = {
    "no zip": (lambda: b"hello", "no Word file"),
    "empty": (lambda: b"", "no Word file"),
    "another zip": (lambda: packed({"a.xml": b"<a/>"}), "no Word file"),
    "a spreadsheet": (
        lambda: with_text("wordprocessingml.document.main", "spreadsheetml.sheet.main", part=TYPES),
        "no Word file",
    ),
    "macros by type": (
        lambda: with_text(
            "wordprocessingml.document.main+xml",
            "ms-word.document.macroEnabled.main+xml",
            part=TYPES,
        ),
        "macros",
    ),
    "macros by name": (lambda: with_part("word/vbaProject.bin", b"x"), "macros"),
    "macros by relation": (lambda: with_relation("vbaProject", "x.xml", mode="Internal"), "macros"),
    "a bomb": (lambda: with_part("word/media/x.emf", BOMB), "too large when it is unpacked"),
    "a large part": (lambda: with_part("customXml/x.xml", LARGE), "too large a part"),
    "many parts": (
        lambda: packed({**parts_of(word_file("x")), **{f"x/{n}.xml": b"<a/>" for n in range(600)}}),
        "more than 500 parts",
    ),
    "a path outside": (
        lambda: with_part("../../etc/x.xml", b"<a/>"),
        "names that Word doesn't give",
    ),
    "a program": (lambda: with_part("word/x.exe", b"MZ"), "x.exe"),
    "an embedded file": (lambda: with_part("word/embeddings/x.xml", b"<a/>"), "embedded object"),
    "a control": (lambda: with_part("word/activeX/x.xml", b"<a/>"), "ActiveX"),
    "an OLE relation": (
        lambda: with_relation("oleObject", "x.xml", mode="Internal"),
        "embedded object",
    ),
    "an OLE element": (
        lambda: in_paragraph('<w:r><w:object><o:OLEObject xmlns:o="urn:x"/></w:object></w:r>'),
        "embedded object",
    ),
    "a template elsewhere": (
        lambda: with_relation("attachedTemplate", "https://evil.example/x.dotm"),
        "attached to a template",
    ),
    "a picture elsewhere": (
        lambda: with_relation("image", "https://evil.example/x.png"),
        "takes its image from elsewhere",
    ),
    "a picture of the network": (
        lambda: with_relation("image", "\\\\evil\\x.png", mode="Internal"),
        "takes its image from elsewhere",
    ),
    "a link to a file": (
        lambda: with_relation("hyperlink", "file:///etc/passwd"),
        "none of the web",
    ),
    "another file taken in": (
        lambda: in_paragraph('<w:altChunk r:id="rX"/>'),
        "takes in another file",
    ),
    "entities": (lambda: with_part("customXml/x.xml", ENTITIES.encode()), "document type"),
    "entities in the text": (lambda: with_part(MAIN, ENTITIES.encode()), "document type"),
    "broken XML": (lambda: with_part(MAIN, b"<w:document>"), "damaged"),
    "depth": (
        lambda: with_part("customXml/x.xml", b"<a>" * 300 + b"</a>" * 300),
        "nested too deeply",
    ),
    "UTF-16": (lambda: with_part("customXml/x.xml", "<a/>".encode("utf-16")), "can't be read"),
    "DDE": (
        lambda: in_paragraph(FIELD.format("DDE") + FIELD.format('AUTO c:\\\\cmd.exe "/k calc"')),
        "DDEAUTO",
    ),
    "a fetched picture": (
        lambda: in_paragraph(
            '<w:fldSimple w:instr="INCLUDEPICTURE &quot;http://evil.example/x.png&quot;"/>'
        ),
        "INCLUDEPICTURE",
    ),
    "a value in a field": (
        lambda: in_paragraph(FIELD.format("{{ deal.name }}")),
        "inside a field's code",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_is_refused_by_name_when_it_could_do_harm(name):
    make, said = HOSTILE[name]
    with pytest.raises(Invalid, match=said):
        read_word_file(make())


def test_links_to_the_web_are_taken_when_a_file_has_them():
    content = with_relation("hyperlink", "https://nord.example/link?include=1")
    field = in_paragraph(FIELD.format('HYPERLINK "https://nord.example/a link"'))
    assert read_word_file(content)
    assert read_word_file(field)

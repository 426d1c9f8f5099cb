"""Word files for tests: made here, harmless or not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

from docx import Document

TYPES = "[Content_Types].xml"
RELATIONS = "word/_rels/document.xml.rels"
MAIN = "word/document.xml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def word_file(*paragraphs: str, rows: Sequence[Sequence[str]] = (), header: str = "") -> bytes:
    """Return a Word file with these paragraphs, and a table of these rows."""
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    if rows:
        table = document.add_table(rows=len(rows), cols=len(rows[0]))
        for row, texts in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    if header:
        document.sections[0].header.paragraphs[0].text = header
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    """Return the parts of a Word file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    """Return the file made of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def with_part(name: str, part: bytes) -> bytes:
    """Return a harmless file with one more part, or another one under a name."""
    return packed({**parts_of(word_file("x")), name: part})


def with_text(old: str, new: str, *, part: str = MAIN) -> bytes:
    """Return a file one of whose parts says something else; its one paragraph says ``x``."""
    parts = parts_of(word_file("x"))
    changed = parts[part].decode().replace(old, new)
    assert changed != parts[part].decode()
    return packed({**parts, part: changed.encode()})


def with_relation(kind: str, target: str, *, mode: str = "External") -> bytes:
    """Return a file whose text points somewhere."""
    about = f'Type="{_OFFICE}{kind}" Target="{target}" TargetMode="{mode}"'
    relation = f'<Relationship Id="rX" {about}/>'
    return with_text("</Relationships>", f"{relation}</Relationships>", part=RELATIONS)


def in_paragraph(markup: str) -> bytes:
    """Return a file with some markup in its paragraph."""
    return with_text("<w:r><w:t>x</w:t></w:r>", markup)

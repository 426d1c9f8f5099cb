"""The one way in which XML that somebody handed in becomes a tree.

Models come from the outside: nothing in them may make the parser read a file, open a connection,
expand an entity or use more memory than its input deserves (OWASP ASVS 5.0, 1.5.1).
"""

from typing import TypeAlias, cast

from lxml import etree

from processes.engine.errors import ModelError

# lxml has no public name for its element type.
Element: TypeAlias = etree._Element  # noqa: SLF001

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 200
MAX_NODES = 500_000


def parse_xml(data: bytes) -> Element:
    """Parse a document and return its root element.

    Comments and processing instructions are dropped, `sourceline` is kept.

    Args:
        data: The whole file, in any encoding that its XML declaration names.

    Raises:
        ModelError: The data is no well-formed XML, has a document type declaration, or is larger,
            deeper or has more elements than any model needs.
    """
    if len(data) > MAX_BYTES:
        raise ModelError(
            f"The file has {len(data)} bytes; at most {MAX_BYTES} are accepted.",
            advice="Split the model.",
        )
    root = _read(data)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ModelError(
            "The file has a document type declaration (DTD), which is not accepted.",
            line=1,
            advice="Remove the <!DOCTYPE …> declaration.",
        )
    return root


def line_of(element: Element) -> int | None:
    """Return the line, from 1, on which an element begins; None for an element made by code."""
    # The stubs of lxml declare `sourceline` as `...`.
    return cast("int | None", element.sourceline)


def _read(data: bytes) -> Element:
    # Fed in pieces, so that a document which is too deep is refused before its tree is built:
    # freeing a very deep tree recurses in libxml2.
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    depth = nodes = 0
    try:
        for start in range(0, len(data), 65536):
            parser.feed(data[start : start + 65536])
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                nodes += event == "start"
                _check_size(depth, nodes, line_of(cast("Element", element)))
        root: Element = parser.close()
    except etree.XMLSyntaxError as problem:
        line = problem.lineno or None
        if "Excessive depth" in (problem.msg or ""):
            # libxml2 has a limit of its own, and meets it first within a piece.
            raise _too_deep(line) from problem
        reason = (problem.msg or "nothing in it").split(", line ")[0].rstrip(".")
        raise ModelError(f"The file is not well-formed XML: {reason}.", line=line) from problem
    return root


def _check_size(depth: int, nodes: int, line: int | None) -> None:
    if depth > MAX_DEPTH:
        raise _too_deep(line)
    if nodes > MAX_NODES:
        raise ModelError(
            f"The file has more than {MAX_NODES} elements.",
            line=line,
            advice="Split the model.",
        )


def _too_deep(line: int | None) -> ModelError:
    return ModelError(
        f"Elements are nested more than {MAX_DEPTH} deep.",
        line=line,
        advice="Put sub-processes into processes of their own, and call them.",
    )

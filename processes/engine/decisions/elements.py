"""Reading DMN's XML, whatever its version: elements are known by their local names.

Versions 1.1 to 1.5 differ in their namespace and in elements that later ones added.
"""

import re
from collections.abc import Iterator

from processes.engine.errors import ModelError
from processes.engine.xml import Element, line_of

NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",  # 1.1
        "http://www.omg.org/spec/DMN/20180521/MODEL/",  # 1.2
        "https://www.omg.org/spec/DMN/20191111/MODEL/",  # 1.3
        "https://www.omg.org/spec/DMN/20211108/MODEL/",  # 1.4
        "https://www.omg.org/spec/DMN/20230324/MODEL/",  # 1.5
    }
)
_TAG = re.compile(r"\{(.*)\}(.*)")


def local_name(element: Element) -> str:
    """Return the name of an element of DMN; empty for an element of any other namespace."""
    match = _TAG.fullmatch(str(element.tag))
    return match[2] if match and match[1] in NAMESPACES else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """Go through the children of some names, in the order of the file."""
    for child in element:
        if local_name(child) in names:
            yield child


def find_child(element: Element, *names: str) -> Element | None:
    """Return the first child of some names; None if there is none."""
    return next(children(element, *names), None)


def child_text(element: Element, name: str) -> str:
    """Return the text of the first child of a name, without white space around it."""
    child = find_child(element, name)
    return (child.text or "").strip() if child is not None else ""


def expression_text(element: Element | None) -> str:
    """Return what the `text` in an element says; empty if there is none."""
    return child_text(element, "text") if element is not None else ""


def get_name(element: Element) -> str:
    """Return the name of an element with single spaces; empty if it has none."""
    return " ".join((element.get("name") or "").split())


def name_of(element: Element) -> str:
    """Return the id of an element, or else its name or the kind of element: for messages."""
    return element.get("id") or get_name(element) or local_name(element)


def fail(element: Element, message: str, advice: str | None = None) -> ModelError:
    """Return the error that refuses an element."""
    return ModelError(message, name_of(element), line_of(element), advice)

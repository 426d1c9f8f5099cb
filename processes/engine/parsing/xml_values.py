"""Values in the XML of a file: names, booleans, texts and expressions."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from lxml import etree

from processes.engine.parsing.juel import to_feel_if_possible
from processes.engine.parsing.vocabulary import BPMN
from processes.engine.xml import Element

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


@lru_cache(maxsize=4096)
def split(tag: object) -> tuple[str, str]:
    """Return the namespace (empty if none) and the name of a tag or attribute."""
    qualified = etree.QName(str(tag))
    return qualified.namespace or "", qualified.localname


def is_true(element: Element, attribute: str, *, default: bool) -> bool:
    """Return a boolean attribute; `default` for what is none, which the schema check refuses."""
    return _BOOLEANS.get(element.get(attribute, "").strip(), default)


def text_of(element: Element, child: str) -> str:
    """Return the text of a BPMN child element; empty if there is none."""
    return str(element.findtext(f"{{{BPMN}}}{child}", "")).strip()


def expression_in(element: Element, child: str) -> str:
    """Return the expression in a BPMN child element; empty if there is none."""
    return expression_of(element.find(f"{{{BPMN}}}{child}"))


def expression_of(element: Element | None) -> str:
    """Return an expression as it is to be read: one in FEEL begins with `=`.

    Its language is its own, or else that of the file (BPMN 2.0.2 §8.3.7); what Camunda 7 and
    its kin write as `${…}` is written anew where it can be.
    """
    if element is None:
        return ""
    text = "".join(str(part) for part in element.itertext()).strip()
    language = element.get("language") or _language_of_file(element)
    if "feel" in language.lower() and text and not text.startswith("="):
        return f"={text}"
    return to_feel_if_possible(text)


def local_name(reference: str) -> str:
    """Return a reference without the namespace prefix that some tools write."""
    return reference.strip().rpartition(":")[2]


def _language_of_file(element: Element) -> str:
    root = element.getroottree().getroot()
    return str(root.get("expressionLanguage", ""))

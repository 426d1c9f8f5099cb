"""Finds what is wrong with a template before it is put in force: where it is, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from jinja2 import TemplateError, nodes

from services.documents.sandbox import MAX_TEMPLATE_CHARACTERS, Medium, parse_template
from services.documents.vocabulary import LOOP, Value, Vocabulary

MAX_PROBLEMS: Final = 20
_BLOCK: Final = re.compile(r"\{%[-+]?\s*(if|for|endif|endfor)\b")
_ANY: Final = Value("", "", "any")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a template from being used.

    Attributes:
        line: From 1; of a Word file the paragraph. None if nobody knows.
    """

    line: int | None
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


def problems_of(
    source: str, known: Vocabulary, medium: Medium = Medium.HTML, *, told: Vocabulary | None = None
) -> list[Problem]:
    """Return what is wrong with a template; nothing if it can be used.

    Names that are like an unknown one are proposed from ``told``: what the reader may know of.
    """
    if medium is not Medium.WORD and len(source) > MAX_TEMPLATE_CHARACTERS:
        return [Problem(None, f"It is longer than {MAX_TEMPLATE_CHARACTERS:,} characters.")]
    try:
        tree = parse_template(source, medium)
    except TemplateError as error:
        return [_unreadable(source, error)]
    reader = _Reader(known if told is None else told)
    reader.read_all(tree.body, dict(known))
    return reader.problems[:MAX_PROBLEMS]


def _unreadable(source: str, error: TemplateError) -> Problem:
    """Return why a template can't be read at all, and where that begins."""
    said, _, _ = str(error).partition(" Jinja was looking for")
    if said.startswith("Unexpected end of template") and (opened := _left_open(source)):
        line, tag = opened
        return Problem(line, f"“{{% {tag} %}}” is not closed by “{{% end{tag} %}}”.")
    text = (said or "it can't be read").rstrip(".")
    return Problem(getattr(error, "lineno", None), f"{text[:1].lower()}{text[1:]}.")


def _left_open(source: str) -> tuple[int, str] | None:
    """Return line and name of the innermost block that is never closed."""
    opened: list[tuple[int, str]] = []
    for found in _BLOCK.finditer(source):
        if found[1].startswith("end"):
            if opened:
                opened.pop()
        else:
            opened.append((source.count("\n", 0, found.start()) + 1, found[1]))
    return opened[-1] if opened else None


class _Reader:
    """Walks a template's tree with what is known at each place."""

    def __init__(self, told: Vocabulary) -> None:
        self.problems: list[Problem] = []
        self._told = told

    def read_all(self, body: list[nodes.Node], known: dict[str, Value]) -> None:
        """Read what follows each other; what is set counts from there on."""
        for node in body:
            self.read(node, known)

    def read(self, node: nodes.Node, known: dict[str, Value]) -> None:
        """Read a node and all below it."""
        if isinstance(node, nodes.For):
            self._read_loop(node, known)
        elif isinstance(node, nodes.Assign):
            self._bind(node.target, self._value(node.node, known), known)
        elif isinstance(node, nodes.If):
            self.read(node.test, known)
            for branch in (node.body, node.elif_, node.else_):
                self.read_all(list(branch), known)
        elif isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            self._value(node, known)
        else:
            for child in node.iter_child_nodes():
                self.read(child, known)

    def _read_loop(self, node: nodes.For, known: dict[str, Value]) -> None:
        items = _without_limit(node.iter)
        found = self._value(items, known)
        if found.kind != "any" and not found.is_list:
            self._note(node.lineno, f"“{_path(items) or found.name}” is no list to be repeated")
        inner = {**known, "loop": LOOP}
        one = Value(found.name, found.label, "any" if found.parts is None else "group", found.parts)
        self._bind(node.target, one, inner)
        if node.test is not None:
            self.read(node.test, inner)
        self.read_all(node.body, inner)
        self.read_all(node.else_, known)

    def _bind(self, target: nodes.Node, value: Value, known: dict[str, Value]) -> None:
        if isinstance(target, nodes.Name):
            known[target.name] = value
            return
        for name in target.find_all(nodes.Name):
            known[name.name] = _ANY

    def _value(self, node: nodes.Node, known: dict[str, Value]) -> Value:
        """Return what an expression stands for, and note names that stand for nothing."""
        if isinstance(node, nodes.Name):
            if node.name not in known:
                self._note_unknown(node.lineno, node.name, self._told)
            return known.get(node.name, _ANY)
        name = _part_name(node)
        if name is not None and isinstance(node, nodes.Getattr | nodes.Getitem):
            return self._part(node, name, self._value(node.node, known))
        for child in node.iter_child_nodes():
            self.read(child, known)
        return _ANY

    def _part(self, node: nodes.Node, name: str, whole: Value) -> Value:
        if whole.kind == "any":
            return _ANY
        parts = {} if whole.is_list else whole.parts or {}
        if name not in parts:
            self._note_unknown(node.lineno, _path(node) or name, self._told, parts)
        return parts.get(name, _ANY)

    def _note_unknown(
        self, line: int, path: str, told: Vocabulary, parts: Mapping[str, Value] | None = None
    ) -> None:
        root, _, last = path.rpartition(".")
        offered = list(told if parts is None else parts)
        if parts is not None and (shown := told.get(root)) is not None:
            offered = list(shown.parts or {})
        like = get_close_matches(last, offered, n=1)
        hint = f"; perhaps “{f'{root}.' if root else ''}{like[0]}”" if like else ""
        self._note(line, f"there is no value “{path}”{hint}")

    def _note(self, line: int, message: str) -> None:
        problem = Problem(line, f"{message}.")
        if problem not in self.problems:
            self.problems.append(problem)


def _without_limit(node: nodes.Node) -> nodes.Node:
    """Return what a loop goes over, without the filter that the sandbox put around it."""
    if isinstance(node, nodes.Filter) and node.name == "_limited" and node.node is not None:
        return node.node
    return node


def _part_name(node: nodes.Node) -> str | None:
    """Return which part of something is meant, if the template says it outright."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value if isinstance(node.arg.value, str) else None
    return None


def _path(node: nodes.Node) -> str:
    """Return how a template says it, such as ``deal.name``; empty for what is no path."""
    return ".".join(_names(node))


def _names(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Name):
        yield node.name
    name = _part_name(node)
    if name is not None and isinstance(node, nodes.Getattr | nodes.Getitem):
        yield from _names(node.node)
        yield name

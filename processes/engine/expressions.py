"""Expressions of a diagram: FEEL if they begin with `=`, else as their place says.

A condition, a collection or a correlation key without `=` is Python syntax, run as Starlark. An
assignment, a date, an identifier or the source of a mapping without `=` is the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

import feel
from processes.engine import scripts
from processes.engine.errors import StepFailed
from processes.engine.scopes import Sight
from processes.engine.values import is_described, plain, record_fields

_WORD = re.compile(r"[A-Za-z_]\w*")
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|#[^\n]*")
_CONSTANTS = {"true": True, "false": False, "null": None}  # as other languages spell them
_BOOLEANS = ("true", "false")  # as XML and FEEL spell them, where Python has True and False
_FOREIGN = re.compile(r"[$#]\{")


class Expression(Protocol):
    """Something that gives a value where it stands."""

    text: str

    def evaluate(self, sight: Sight) -> Any:
        """Return its value: a FEEL value, or a JSON value from Python syntax.

        Raises:
            StepFailed: It can't be evaluated.
            BpmnError: A script called `fail`.
        """
        ...

    def why(self, sight: Sight) -> str:
        """Return why its value, or a part of it, is null; empty if unknown."""
        ...

    def lacks(self, sight: Sight) -> Mapping[str, str]:
        """Return the fields that are empty and make it null: the path, and what people call it."""
        ...


class Literal:
    """A text that stands for itself."""

    def __init__(self, text: str) -> None:
        self.text = text

    def evaluate(self, sight: Sight) -> Any:  # noqa: ARG002 - the same wherever it stands
        """Return the text."""
        return self.text

    def why(self, sight: Sight) -> str:  # noqa: ARG002 - it is never null
        """Return nothing."""
        return ""

    def lacks(self, sight: Sight) -> Mapping[str, str]:  # noqa: ARG002 - likewise
        """Return nothing."""
        return {}


class FeelExpression:
    """A FEEL expression, compiled once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled = feel.compile_expression(text.removeprefix("="))

    def evaluate(self, sight: Sight) -> Any:
        """See `Expression`."""
        try:
            return self._compiled(sight, sight.now, sight.calendars)
        except feel.FeelError as problem:
            raise StepFailed(f"The expression {self.text} failed: {problem}") from problem

    def why(self, sight: Sight) -> str:
        """See `Expression`."""
        try:
            return "; ".join(self._compiled.explain(sight, sight.now, sight.calendars)[1])
        except feel.FeelError as problem:
            return str(problem)

    def lacks(self, sight: Sight) -> Mapping[str, str]:
        """See `Expression`."""
        found: dict[str, str] = {}
        for root in self._compiled.names:
            record = sight.get(root)
            if not isinstance(record, Mapping):
                continue
            for name in feel.null_without(self._compiled.text, root):
                if record.get(name) is None:
                    found[f"{root}.{name}"] = record.called(name) if is_described(record) else name
        return found


class PythonExpression:
    """An expression in Python syntax."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._words = words_of(text)

    def evaluate(self, sight: Sight) -> Any:
        """See `Expression`."""
        return scripts.evaluate(self.text, *names_for(self._words, sight))

    def why(self, sight: Sight) -> str:  # noqa: ARG002 - Python syntax has no reasons for None
        """Return nothing."""
        return ""

    def lacks(self, sight: Sight) -> Mapping[str, str]:  # noqa: ARG002 - None is no number there
        """Return nothing."""
        return {}


class BrokenExpression:
    """A text that can't be read, in a model that is not meant to be executed."""

    def __init__(self, text: str, problem: str) -> None:
        self.text = text
        self._problem = problem

    def evaluate(self, sight: Sight) -> Any:  # noqa: ARG002 - there is nothing to evaluate
        """Say so."""
        raise StepFailed(f"The expression {self.text} can't be read: {self._problem}")

    def why(self, sight: Sight) -> str:  # noqa: ARG002 - likewise
        """Return what is wrong with it."""
        return self._problem

    def lacks(self, sight: Sight) -> Mapping[str, str]:  # noqa: ARG002 - it has no value at all
        """Return nothing."""
        return {}


def compile_value(text: str) -> Expression:
    """Compile a condition, a collection or a key."""
    if text in _BOOLEANS:
        text = f"={text}"
    return _read_feel(text) if text.startswith("=") else PythonExpression(text)


def compile_text(text: str) -> Expression:
    """Compile an assignment, a date, an identifier or the source of a mapping."""
    return _read_feel(text) if text.startswith("=") else Literal(text)


def check_value(text: str) -> str | None:
    """Return what is wrong with a condition, a collection or a key; None if nothing is."""
    if text in _BOOLEANS:
        return None
    if text.startswith("="):
        return _check_feel(text)
    if _FOREIGN.match(text):
        return "it is an expression of another engine; write it as FEEL, beginning with ="
    return check_script(text)


def check_text(text: str) -> str | None:
    """Return what is wrong with a text that may be FEEL; None if nothing is."""
    if text.startswith("="):
        return _check_feel(text)
    if _FOREIGN.match(text):
        return "it is an expression of another engine; write it as FEEL, beginning with ="
    return None


def words_of(text: str) -> tuple[str, ...]:
    """Return the names that a script mentions, outside of strings and comments where it can."""
    # f-strings mention names inside; so strings are only left out where none is an f-string.
    plain = text if re.search(r"\b[fF][\"']", text) else _STRING.sub(" ", text)
    return tuple(dict.fromkeys(_WORD.findall(plain)))


def names_for(words: tuple[str, ...], sight: Sight) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the variables and the records among these words, as plain JSON values."""
    variables: dict[str, Any] = {}
    records: dict[str, Any] = {}
    for word in words:
        try:
            variables[word] = plain(sight.variable_json(word))
        except KeyError:
            if word in sight:
                records[word] = record_fields(sight.record(word), words)
            elif word in _CONSTANTS:
                variables[word] = _CONSTANTS[word]
    return variables, records


@lru_cache(maxsize=4096)
def _feel(text: str) -> FeelExpression:
    return FeelExpression(text)


def _read_feel(text: str) -> Expression:
    try:
        return _feel(text)
    except feel.FeelError as problem:
        return BrokenExpression(text, str(problem))


def _check_feel(text: str) -> str | None:
    try:
        _feel(text)
    except feel.FeelError as problem:
        return str(problem)
    return None


def check_script(text: str) -> str | None:
    """Return what is wrong with the syntax of a script; None if nothing is."""
    return scripts.check(text)

"""Expressions of Camunda 7, Flowable and Activiti (`${amount > 100}`), written anew in FEEL.

What compares, calculates and reads variables has an equal; what calls a method has none.
"""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(r"[$#]\{([^{}]*)\}")
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<string>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:().\[\]])|(?P<end>$))"
)
_GET_VARIABLE: Final = re.compile(r"\bexecution\.getVariable\(\s*['\"](\w+)['\"]\s*\)")
_WORDS: Final = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
    "and": "&&",
    "or": "||",
    "not": "!",
    "div": "/",
    "mod": "%",
}
_LEVELS: Final = (
    {"||": "or"},
    {"&&": "and"},
    {"==": "=", "!=": "!="},
    {"<": "<", ">": ">", "<=": "<=", ">=": ">="},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/", "%": "%"},
)
_MAX_LENGTH: Final = 2_000
_MAX_DEPTH: Final = 40


def is_foreign(text: str) -> bool:
    """Tell whether a text holds an expression of another engine."""
    return not text.startswith("=") and _PART.search(text) is not None


def to_feel(text: str) -> str:
    """Return a text whose expressions are written in FEEL; one without any as it is.

    Raises:
        ValueError: It does what FEEL can't say, such as calling a method.
    """
    if not is_foreign(text):
        return text
    text = text.strip()
    whole = _PART.fullmatch(text)
    if whole is not None:
        return f"={_translate(whole[1])}"
    pieces, end = [], 0
    for found in _PART.finditer(text):
        if plain := text[end : found.start()]:
            pieces.append(_quoted(plain))
        pieces.append(f"string({_translate(found[1])})")
        end = found.end()
    if rest := text[end:]:
        pieces.append(_quoted(rest))
    return f"={' + '.join(pieces)}"


def to_feel_if_possible(text: str) -> str:
    """Return a text as `to_feel` does; as it is where that is not possible."""
    try:
        return to_feel(text)
    except ValueError:
        return text


def _translate(text: str) -> str:
    if len(text) > _MAX_LENGTH:
        raise ValueError("it is too long")
    return _Reader(_GET_VARIABLE.sub(r"\1", text)).whole()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class _Reader:
    """Reads one expression by recursive descent, and writes FEEL."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._depth = 0
        self._at = 0
        place = 0
        while True:
            found = _TOKEN.match(text, place)
            if found is None:
                raise ValueError(f"it holds {text[place:].strip()[:20]!r}")
            kind = str(found.lastgroup)
            self._tokens.append((kind, _WORDS.get(found[kind], found[kind])))
            place = found.end()
            if kind == "end":
                return

    def whole(self) -> str:
        """Return the whole expression."""
        found = self._choice()
        if self._tokens[self._at][0] != "end":
            raise ValueError(f"it goes on with {self._tokens[self._at][1]!r}")
        return found

    def _choice(self) -> str:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        found = self._binary(0)
        if self._take("?"):
            then = self._choice()
            self._need(":")
            found = f"(if {found} then {then} else {self._choice()})"
        self._depth -= 1
        return found

    def _binary(self, level: int) -> str:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while (sign := self._tokens[self._at][1]) in _LEVELS[level] and not self._is("string"):
            self._at += 1
            right = self._binary(level + 1)
            written = _LEVELS[level][sign]
            left = f"modulo({left}, {right})" if sign == "%" else f"{left} {written} {right}"
        return left

    def _unary(self) -> str:
        if self._take("!"):
            return f"not({self._unary()})"
        if self._take("-"):
            return f"-{self._unary()}"
        if self._is("name") and self._tokens[self._at][1] == "empty":
            self._at += 1
            value = self._unary()
            return f'({value} = null or {value} = "" or {value} = [])'
        return self._value()

    def _value(self) -> str:
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "string":
            return _quoted(re.sub(r"\\(.)", r"\1", text[1:-1]))
        if kind == "number":
            return text
        if kind == "name":
            return self._path(text)
        if text == "(":
            inner = self._choice()
            self._need(")")
            return f"({inner})"
        raise ValueError(f"it has {text!r} where a value is expected")

    def _path(self, name: str) -> str:
        while True:
            if self._take("."):
                if not self._is("name"):
                    raise ValueError("a name is missing")
                name += f".{self._tokens[self._at][1]}"
                self._at += 1
            elif self._take("["):
                if not self._is("number"):
                    raise ValueError("it looks something up by a key")
                name += f"[{int(self._tokens[self._at][1]) + 1}]"
                self._at += 1
                self._need("]")
            elif self._tokens[self._at][1] in ("(", ":") and self._calls():
                raise ValueError(f"it calls {name}")
            else:
                return name

    def _calls(self) -> bool:
        """Tell whether a call follows: `name(…)`, or `prefix:name(…)` of a function."""
        ahead = [text for _, text in self._tokens[self._at : self._at + 3]]
        return ahead[0] == "(" or (len(ahead) > 2 and ahead[2] == "(")  # noqa: PLR2004 - three words

    def _is(self, kind: str) -> bool:
        return self._tokens[self._at][0] == kind

    def _take(self, sign: str) -> bool:
        if self._tokens[self._at] == ("sign", sign) or (
            sign == "!" and self._tokens[self._at] == ("name", "!")
        ):
            self._at += 1
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"{sign!r} is missing")

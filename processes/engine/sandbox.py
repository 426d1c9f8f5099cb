"""The program of the child process in which scripts run; `scripts` starts it and talks to it.

It is run as a file by a bare interpreter and imports nothing of ours: what a script could reach
through a fault of Starlark is an empty process with no environment, no files to write and a small
memory. Each message is 4 bytes of length and as many bytes of JSON, both ways.
"""

from __future__ import annotations

import ast
import json
import os
import re
import resource
import signal
import struct
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import starlark

MEMORY_BYTES = 256 * 1024 * 1024
MAX_RESULT_BYTES = 8 * 1024 * 1024

# Turns a record into a struct, so that it reads `deal.amount` and can't be written.
_PRELUDE = """
def _record(value):
    if type(value) == "dict":
        return struct(**{key: _record(part) for key, part in value.items()})
    if type(value) == "list":
        return [_record(part) for part in value]
    return value
"""
_RECORD = "_record"
_NOT_VARIABLES = {"fail", "None", "True", "False"}
_NAME = re.compile(r"[A-Za-z]\w*")


# What Python has beyond Starlark, as callables of ours; `_power` stands for `**`.
_CALLABLES: dict[str, Callable[..., Any]] = {"_power": pow, "pow": pow, "round": round, "sum": sum}
_FOR_EVER = 2**31 - 1
_CONVERSIONS = {-1: "{}", ord("s"): "{}", ord("r"): "{!r}"}


class FailCalledError(Exception):
    """A script called `fail`."""


class _Translator(ast.NodeTransformer):
    """Turns what Starlark leaves out of Python into what it has.

    Attributes:
        changed: Whether there was any of it.
    """

    changed = False

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return self._power(node.left, node.right) if isinstance(node.op, ast.Pow) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow) or not isinstance(node.target, ast.Name):
            return node
        left = ast.Name(node.target.id, ast.Load())
        return ast.Assign([node.target], self._power(left, node.value), lineno=node.lineno)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        operators = [self._plain(operator) for operator in node.ops]
        ends = [node.left, *node.comparators]
        if len(operators) == 1:
            return ast.Compare(node.left, operators, node.comparators)
        self.changed = True
        steps = zip(ends, operators, ends[1:], strict=False)
        return ast.BoolOp(ast.And(), [ast.Compare(a, [op], [b]) for a, op, b in steps])

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        if node.orelse:
            return node
        self.changed = True
        leave = ast.If(ast.UnaryOp(ast.Not(), node.test), [ast.Break()], [])
        count = ast.Call(ast.Name("range", ast.Load()), [ast.Constant(_FOR_EVER)], [])
        target = ast.Name("_round", ast.Store())
        return ast.For(target, count, [leave, *node.body], [], lineno=node.lineno)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        parts: list[str] = []
        values: list[ast.expr] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value).replace("{", "{{").replace("}", "}}"))
            elif isinstance(part, ast.FormattedValue) and part.format_spec is None:
                parts.append(_CONVERSIONS.get(part.conversion, "{}"))
                values.append(part.value)
            else:
                return node
        self.changed = True
        pattern = ast.Attribute(ast.Constant("".join(parts)), "format", ast.Load())
        return ast.Call(pattern, values, [])

    def _plain(self, operator: ast.cmpop) -> ast.cmpop:
        """Values have no identity here: `is` compares them."""
        if isinstance(operator, ast.Is | ast.IsNot):
            self.changed = True
            return ast.Eq() if isinstance(operator, ast.Is) else ast.NotEq()
        return operator

    def _power(self, base: ast.expr, exponent: ast.expr) -> ast.Call:
        self.changed = True
        return ast.Call(ast.Name("_power", ast.Load()), [base, exponent], [])


@lru_cache(1000)
def translate(text: str) -> str:
    """Return a text in Python syntax as Starlark.

    One that needs no translation, or that is no Python, stays as it is, so that whoever reads an
    error finds the line.
    """
    translator = _Translator()
    try:
        tree = translator.visit(ast.parse(text))
        return ast.unparse(ast.fix_missing_locations(tree)) if translator.changed else text
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text


def _dialect() -> starlark.Dialect:
    dialect = starlark.Dialect.extended()
    dialect.enable_load = False
    dialect.enable_f_strings = True
    return dialect


DIALECT = _dialect()
GLOBALS = starlark.Globals.extended_by([starlark.LibraryExtension.StructType])


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Check or run one text; never raises for what the text does."""
    text = request["text"]
    thrown: list[str] = []
    try:
        tree = starlark.parse("script", translate(text), DIALECT)
        if request["do"] == "check":
            return {"ok": True}
        module = _module(request, thrown)
        value = starlark.eval(module, tree, GLOBALS)
        if request["do"] == "evaluate":
            return {"value": value}
        return {"assigned": _assigned(module, text, request)}
    except starlark.StarlarkError as problem:
        if thrown:
            return {"code": thrown[0], "message": " ".join(thrown[1:])}
        return {"error": _reason(str(problem)), "detail": str(problem)[:2000]}
    except (TypeError, ValueError, OverflowError, RecursionError) as problem:
        return {"error": f"A value can't be used outside the script: {problem}"}


def _module(request: dict[str, Any], thrown: list[str]) -> starlark.Module:
    def fail(*parts: object) -> None:
        thrown.extend(str(part) for part in parts)
        if not thrown:
            thrown.append("")
        raise FailCalledError

    module = starlark.Module()
    module.add_callable("fail", fail)
    for name, function in _CALLABLES.items():
        module.add_callable(name, function)
    for name, value in request["variables"].items():
        module[name] = value
    for name, value in request["records"].items():
        module[name] = value
    if request["records"]:
        lines = [f"{name} = {_RECORD}({name})" for name in request["records"]]
        prelude = starlark.parse("prelude", _PRELUDE + "\n".join(lines), DIALECT)
        starlark.eval(module, prelude, GLOBALS)
    return module


def _assigned(module: starlark.Module, text: str, request: dict[str, Any]) -> dict[str, Any]:
    sent, records = request["variables"], request["records"]
    found: dict[str, Any] = {}
    for name in dict.fromkeys(_NAME.findall(text)):
        if name in records or name in _NOT_VARIABLES:
            continue
        try:
            value = module[name]
        except (TypeError, ValueError, RecursionError, starlark.StarlarkError):
            if name in _CALLABLES or _look_up(module, f"type({name})") == "function":
                continue  # which is no variable
            raise
        if value is None and sent.get(name) is None:
            if name not in sent and _is_own(module, name):
                found[name] = None
        elif name not in sent or not _same(value, sent[name]):
            found[name] = value
    return found


def _is_own(module: starlark.Module, name: str) -> bool:
    # A module answers None also for names that it doesn't have, or that all modules have.
    kind = f"type({name})"
    return bool(_look_up(module, kind)) and not _look_up(starlark.Module(), kind)


def _look_up(module: starlark.Module, text: str) -> Any:
    """Return the value of an expression in a module; None if it has none."""
    try:
        return starlark.eval(module, starlark.parse("name", text, DIALECT), GLOBALS)
    except starlark.StarlarkError:
        return None


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _reason(text: str) -> str:
    for line in text.splitlines():
        if line.startswith("error: "):
            return line.removeprefix("error: ").split(", expected one of")[0]
    return text.splitlines()[0] if text else "The script failed."


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process


def _read(size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = os.read(0, size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts


def _write(payload: bytes) -> None:
    view = memoryview(struct.pack("!I", len(payload)) + payload)
    while view:
        view = view[os.write(1, view) :]


def serve(seconds: float) -> None:
    """Answer requests from standard input until it ends.

    Args:
        seconds: How much of a processor's time one answer may take before the process is ended.
    """
    _limit()
    _write(b'{"ready":true}')
    while True:
        try:
            size = struct.unpack("!I", _read(4))[0]
            request = json.loads(_read(size))
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            reply = json.dumps(answer(request), allow_nan=False).encode()
        except (TypeError, ValueError) as problem:
            reply = json.dumps({"error": f"A value is no JSON value: {problem}"}).encode()
        signal.setitimer(signal.ITIMER_PROF, 0)
        if len(reply) > MAX_RESULT_BYTES:
            reply = json.dumps({"error": "The result is too large."}).encode()
        _write(reply)


if __name__ == "__main__":
    serve(float(sys.argv[1]))

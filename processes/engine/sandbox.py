"""The program of the child process in which scripts run; `scripts` starts it and talks to it.

It is run as a file by a bare interpreter and imports nothing of ours: what a script could reach
through a fault of Starlark is an empty process with no environment, no files to write and a small
memory. Each message is 4 bytes of length and as many bytes of JSON, both ways.
"""

from __future__ import annotations

import json
import os
import re
import resource
import struct
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


class FailCalledError(Exception):
    """A script called `fail`."""


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
        tree = starlark.parse("script", text, DIALECT)
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
            if _look_up(module, f"type({name})") == "function":
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


def serve() -> None:
    """Answer requests from standard input until it ends."""
    _limit()
    _write(b'{"ready":true}')
    while True:
        try:
            size = struct.unpack("!I", _read(4))[0]
            request = json.loads(_read(size))
        except EOFError:
            return
        try:
            reply = json.dumps(answer(request), allow_nan=False).encode()
        except (TypeError, ValueError) as problem:
            reply = json.dumps({"error": f"A value is no JSON value: {problem}"}).encode()
        if len(reply) > MAX_RESULT_BYTES:
            reply = json.dumps({"error": "The result is too large."}).encode()
        _write(reply)


if __name__ == "__main__":
    serve()

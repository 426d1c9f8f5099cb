"""Python syntax in diagrams: run as Starlark, in child processes that may hang or die.

One allocation of a script (`list(range(10**9))`) aborts its whole process, and nothing inside can
prevent that; so no script runs in ours. A child is started when first needed, reused, killed when
it is late and replaced when it is gone. Safe from threads, and after a fork.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from processes.engine.errors import BpmnError, StepFailed

TIME_SECONDS = 1.0
"""Of a processor, so that a loaded machine stops no script that ends in time on an idle one."""
PATIENCE_SECONDS = 20.0
"""By the clock on the wall, for an answer."""
START_SECONDS = 60.0
MAX_CHILDREN = 4

_PROGRAM = Path(__file__).with_name("sandbox.py")


class _ChildGoneError(Exception):
    """The child ended, or closed its end."""


class _LateError(Exception):
    """The child did not answer in time."""


class _Child:
    """One child process and the pipes to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", str(_PROGRAM), str(TIME_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            cwd="/",
            close_fds=True,
            start_new_session=True,  # Ctrl+C at our terminal is not meant for it
        )
        try:
            self._receive(START_SECONDS)
        except (_LateError, _ChildGoneError) as problem:
            self.kill()
            raise OSError("The child process did not start.") from problem

    def ask(self, request: bytes, seconds: float) -> Any:
        """Send a request and return its answer.

        Raises:
            BrokenPipeError: The child was gone before it had read the request.
        """
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        view = memoryview(struct.pack("!I", len(request)) + request)
        while view:
            view = view[self._process.stdin.write(view) :]
        return orjson.loads(self._receive(seconds))

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _receive(self, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        size = struct.unpack("!I", self._read(4, deadline))[0]
        return self._read(size, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe above
        descriptor = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        parts = b""
        while len(parts) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise _LateError
            part = os.read(descriptor, size - len(parts))
            if not part:
                self.kill()
                is_late = self._process.returncode == -signal.SIGPROF
                raise _LateError if is_late else _ChildGoneError
            parts += part
        return parts


class _Pool:
    """The idle children, and a bound on how many there are at once."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew after a fork: the children are the parent's, their locks may be held."""
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(MAX_CHILDREN)
        self._idle: list[_Child] = []

    def close(self) -> None:
        """End all idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()

    def ask(self, request: bytes) -> Any:
        """Have some child answer; one that fails is never used again."""
        with self._free:
            for _ in range(MAX_CHILDREN):
                with self._lock:
                    child = self._idle.pop() if self._idle else None
                try:
                    return self._ask(child or _Child(), request)
                except BrokenPipeError:
                    continue  # it had died while idle; this request has not been run
            return self._ask(_Child(), request)

    def _ask(self, child: _Child, request: bytes) -> Any:
        try:
            answer = child.ask(request, PATIENCE_SECONDS)
        except BaseException:
            child.kill()
            raise
        with self._lock:
            self._idle.append(child)
        return answer


_pool = _Pool()
os.register_at_fork(after_in_child=_pool.forget)
atexit.register(_pool.close)


def check(text: str) -> str | None:
    """Return what is wrong with the syntax of a script or expression; None if nothing is."""
    try:
        answer = _ask({"do": "check", "text": text})
    except StepFailed as problem:
        return problem.message
    return answer.get("error")


def evaluate(text: str, variables: Mapping[str, Any], records: Mapping[str, Any]) -> Any:
    """Return an expression's value as a JSON value.

    Args:
        text: One Starlark expression (or statements that end in one).
        variables: JSON values by name.
        records: JSON objects by name, whose fields are read as attributes.

    Raises:
        BpmnError: It called `fail`.
        StepFailed: It failed, took too long or too much memory.
    """
    request = {"do": "evaluate", "text": text, "variables": variables, "records": records}
    return _result(request)["value"]


def run(text: str, variables: Mapping[str, Any], records: Mapping[str, Any]) -> dict[str, Any]:
    """Run a script and return the variables that it assigned at its top level, as JSON values.

    Names that begin with an underscore are the script's own. See `evaluate` for the rest.
    """
    request = {"do": "run", "text": text, "variables": variables, "records": records}
    assigned: dict[str, Any] = _result(request)["assigned"]
    return assigned


def _result(request: dict[str, Any]) -> dict[str, Any]:
    answer = _ask(request)
    if "code" in answer:
        raise BpmnError(answer["code"], answer["message"])
    if "error" in answer:
        raise StepFailed(f"The script failed: {answer['error']}", answer.get("detail", ""))
    return answer


def _ask(request: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = _pool.ask(orjson.dumps(request))
    except _LateError as problem:
        raise StepFailed(f"The script was stopped after {TIME_SECONDS:g} s.") from problem
    except _ChildGoneError as problem:
        raise StepFailed("The script was stopped: it used too much memory.") from problem
    except (OSError, TypeError, orjson.JSONEncodeError) as problem:
        raise StepFailed("The script could not be run.", str(problem)) from problem
    return answer

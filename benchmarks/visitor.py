"""Somebody who uses the pages: a connection that is kept, cookies, and the forms' tokens."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"|name="csrf-token" content="([^"]+)"')


class Visitor:
    """A signed-in person with a browser's connection to the program."""

    def __init__(self, port: int, email: str, password: str, address: str) -> None:
        """Sign in from ``address``, one of the loopback interface."""
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", port, source_address=(address, 0)
        )
        self._cookies: dict[str, str] = {}
        self._token = ""
        self._read_token("/sign-in")
        fields = {"email": email, "password": password, "csrf_token": self._token}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _ = self.ask("POST", "/sign-in", urlencode(fields), form)
        if status != http.client.FOUND:
            raise PermissionError(f"{email} can't sign in: {status}")
        self._read_token("/")

    def ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Send a request and return the answer's status and body, as it came over the wire."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        sent = {"Cookie": cookies, "X-CSRFToken": self._token, **(headers or {})}
        self._connection.request(method, path, body, sent)
        answer = self._connection.getresponse()
        content = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, content

    def post_json(self, path: str, value: Any) -> tuple[int, Any]:
        """Send JSON as the pages' scripts do, and return the status and the answer's value.

        Straight on the connection's socket: whoever measures shares the cores with what is
        measured, and http.client takes a fifth as long as the program does.
        """
        body = orjson.dumps(value)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._connection.host}:{self._connection.port}\r\n"
            f"Cookie: {cookies}\r\nX-CSRFToken: {self._token}\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._connection.sock.sendall(head.encode() + body)
        status, content = self._read_answer()
        return status, orjson.loads(content) if content.startswith(b"{") else None

    def _read_answer(self) -> tuple[int, bytes]:
        """Read an answer whose length its head tells."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, content = received.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        if found is None:
            raise ConnectionError("the answer does not say how long it is")
        while len(content) < int(found[1]):
            content += self._receive()
        return int(head[9:12]), content

    def _receive(self) -> bytes:
        part: bytes = self._connection.sock.recv(65_536)
        if not part:
            raise ConnectionError("the server has closed the connection")
        return part

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _read_token(self, path: str) -> None:
        _, content = self.ask("GET", path)
        if found := _TOKEN.search(content.decode()):
            self._token = found[1] or found[2]

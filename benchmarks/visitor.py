"""Somebody who uses the pages: a connection that is kept, cookies, and the forms' tokens."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

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
        """Send JSON as the pages' scripts do, and return the status and the answer's value."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        status, content = self.ask("POST", path, json.dumps(value), headers)
        return status, json.loads(content) if content.startswith(b"{") else None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _read_token(self, path: str) -> None:
        _, content = self.ask("GET", path)
        if found := _TOKEN.search(content.decode()):
            self._token = found[1] or found[2]

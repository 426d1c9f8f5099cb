"""A client of the REST API that lives through the death of the server."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tests.program import PASSWORD, PATIENCE_SECONDS, eventually

LOST = (ConnectionError, http.client.HTTPException, TimeoutError)


class Client:
    """One signed-in person."""

    def __init__(self, url: str, first_name: str) -> None:
        self._address = urlsplit(url).netloc
        self._token = ""
        body = {"email": f"{first_name}@lanewise.example", "password": PASSWORD}
        self._token = eventually(lambda: self.ask("POST", "/token", body))["token"]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return the answer; None when the server died over it or refused."""
        connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_SECONDS)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            content = json.dumps(body) if body is not None else None
            connection.request(method, f"/api/v1{path}", content, headers)
            response = connection.getresponse()
            text = response.read()
        except LOST:
            return None
        finally:
            connection.close()
        assert response.status < 500, text
        return json.loads(text) if response.status < 300 else None

"""A mail server on the loopback address, for demos and tests: it keeps what it is given.

Each message becomes a file in a folder, so that one can look at what would have been sent. It
can be told to misbehave as real servers do.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "250 Message kept"


class Behaviour(StrEnum):
    """What the server does with the next messages."""

    ACCEPT = "accept"
    DEFER = "defer"
    REJECT = "reject"
    REJECT_RECIPIENT = "reject_recipient"
    HANG_UP = "hang_up"
    HANG = "hang"
    KEEP_SILENT = "keep_silent"


@dataclass
class _Handler:
    """What aiosmtpd calls; the names of the hooks are its own."""

    folder: Path
    behaviour: Behaviour = Behaviour.ACCEPT
    messages: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.behaviour is Behaviour.REJECT_RECIPIENT:
            return "550 There is nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.behaviour is Behaviour.DEFER:
            return "451 Try again later"
        if self.behaviour is Behaviour.REJECT:
            return "554 Not wanted here"
        if self.behaviour is Behaviour.HANG:
            await asyncio.sleep(3600)
        content = envelope.original_content or b""
        if self.behaviour is not Behaviour.HANG_UP:
            self._keep(content)
        if self.behaviour in {Behaviour.HANG_UP, Behaviour.KEEP_SILENT}:
            # Both look alike from outside; only the second one took the mail.
            cast("asyncio.Transport", server.transport).abort()
        return OK

    def _keep(self, content: bytes) -> None:
        self.messages.append(content)
        self.folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self.folder.glob("*.eml"))) + 1
        path = self.folder / f"{number:06d}.eml"
        path.write_bytes(content)


class LoopbackMail:
    """The server in a thread of its own, as a context manager.

    Attributes:
        behaviour: May be changed at any time; refusing connections is ``stop``.
    """

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler = _Handler(folder)
        # aiosmtpd can't tell which free port it took, so that it is chosen before.
        self.host, self.port = host, port or _free_port(host)
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """What ``SMTP_URL`` is to be."""
        return f"smtp://{self.host}:{self.port}"

    @property
    def behaviour(self) -> Behaviour:
        """What the server does with messages."""
        return self._handler.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._handler.behaviour = behaviour

    @property
    def messages(self) -> list[EmailMessage]:
        """The messages that were taken since the start, parsed, oldest first."""
        return [
            message_from_bytes(content, policy=policy.default)
            for content in list(self._handler.messages)
        ]

    def start(self) -> None:
        """Begin to listen; returns when connections are taken."""
        self._controller = Controller(
            self._handler, hostname=self.host, port=self.port, ready_timeout=10
        )
        self._controller.start()

    def stop(self) -> None:
        """Stop listening; connections are refused from now on."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port

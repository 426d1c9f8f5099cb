"""The dialogue with a mail server (RFC 5321), split where the responsibility changes hands.

Up to the final dot nothing is handed over, and a broken connection only means another try. The
dot and its answer are one step of their own, so that the caller can note the moment of doubt.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 30.0
_START_DATA = 354
_OK = 250
_PERMANENT = 500


class NotDelivered(Exception):  # noqa: N818 - says what happened
    """The mail server did not take the mail.

    Attributes:
        permanent: Whether trying again is no use (a 5yz answer).
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class NoAnswer(Exception):  # noqa: N818
    """The connection broke after the final dot: the mail may have been taken."""


class MailServer:
    """One connection, for one mail."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (465 if self._secure else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._smtp is not None:
            self._smtp.close()

    def transfer(self, sender: str, recipients: Sequence[str], message: bytes) -> None:
        """Send everything but the final dot.

        Raises:
            NotDelivered: The server can't be reached or refuses; nothing was handed over.
        """
        try:
            smtp = self._smtp = self._connect()
            self._expect(smtp.mail(sender), _OK)
            for recipient in recipients:
                self._expect(smtp.rcpt(recipient), _OK)
            self._expect(smtp.docmd("DATA"), _START_DATA)
            smtp.send(_dot_stuffed(message))
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotDelivered(f"The mail server can't be reached: {error}") from error

    def finish(self) -> None:
        """Send the final dot, which hands the mail over.

        Raises:
            NotDelivered: The server refused it, so it was not handed over.
            NoAnswer: Nobody knows.
        """
        if self._smtp is None:
            raise NotDelivered("Nothing was transferred.")
        try:
            self._smtp.send(b".\r\n")
            code, text = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise NoAnswer(str(error)) from error
        if code != _OK:
            raise _refused(code, text)
        self._quit()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._secure:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            smtp = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        self._smtp = smtp
        smtp.ehlo()
        if not self._secure and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            smtp.ehlo()
        if self._user:
            smtp.login(self._user, self._password)
        return smtp

    def _quit(self) -> None:
        """Say goodbye; the mail is taken, so that a failure here means nothing."""
        if self._smtp is None:
            return
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self._smtp.close()

    def _expect(self, reply: tuple[int, bytes], wanted: int) -> None:
        code, text = reply
        if code // 10 != wanted // 10:
            raise smtplib.SMTPResponseException(code, text)


def _refused(code: int, text: bytes | str) -> NotDelivered:
    said = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    permanent = code >= _PERMANENT
    return NotDelivered(f"The mail server answered {code} {said}"[:500], permanent=permanent)


def _dot_stuffed(message: bytes) -> bytes:
    """Return ``message`` with CRLF line ends and doubled leading dots (RFC 5321 4.5.2)."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines)

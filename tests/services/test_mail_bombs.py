"""Mails that are made to stop the program that reads them."""

from __future__ import annotations

import pytest

from services.errors import Invalid
from services.mail.parsing import MAX_DEPTH, MAX_LINES, read_mail
from tests.processor_time import processor_time_below

HEAD = b"From: Eva <eva@nordlys.example>\r\nTo: crm@lanewise.example\r\nSubject: Window\r\n"
SECONDS = 5.0
SIZE = 400_000


def _html(tag: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html\r\n\r\n" + tag * (SIZE // len(tag)) + b"Help"


def _nested(depth: int, body: bytes = b"Help\r\n") -> bytes:
    mail = HEAD
    for number in range(depth):
        mail += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    return mail + b"\r\n" + body


BOMBS = {
    "encoded words": HEAD + b"X: 1\r\nMessage-ID: " + b"=?a?q?" * (SIZE // 6) + b"\r\n\r\nHelp",
    "parameters": HEAD
    + b'Content-Type: application/x; name="'
    + b';\\"' * (SIZE // 3)
    + b"\r\n\r\nHelp",
    "recipients in brackets": HEAD + b"Cc: " + b"(" * SIZE + b"\r\n\r\nHelp",
    "a name in no encoding": HEAD
    + b"Content-Type: application/x\r\n"
    + b"Content-Disposition: attachment; filename*=idna''%ff\r\n\r\nHelp",
    "a huge parameter number": HEAD
    + b"Content-Disposition: attachment; filename*"
    + b"9" * 900
    + b"*=a; filename*1*=a\r\n\r\nHelp",
    "deep html": _html(b"<div>"),
    "html of brackets": _html(b"<"),
    "html of tags": _html(b"<b>"),
    "html of tables": _html(b"<table>a"),
    "a quadratic encoding": HEAD
    + b"Content-Type: text/plain; charset=punycode\r\n\r\n"
    + b"ab" * SIZE
    + b"-"
    + b"999b" * SIZE,
    "a subject in a quadratic encoding": HEAD.replace(b"Window", b"=?punycode?q?" + b"ab" * 3000)
    + b"-"
    + b"999b" * 3000
    + b"?=\r\n\r\nHelp",
    "many lines": _nested(MAX_DEPTH, b"x\r\n" * 100_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_mail_is_read_in_time_when_it_is_made_to_take_long(name):
    with processor_time_below(SECONDS):
        received = read_mail(BOMBS[name])
    assert received.from_address == "eva@nordlys.example"


@pytest.mark.parametrize(
    "raw",
    [
        _nested(MAX_DEPTH + 1),
        HEAD + b"\r\n" + b"\n" * (MAX_LINES + 1),
        b"From: " + b"(" * 100_000 + b" eva@nordlys.example\r\n\r\nHelp",
    ],
    ids=["deep", "long", "brackets"],
)
def test_a_mail_is_refused_when_nobody_writes_like_this(raw):
    with pytest.raises(Invalid):
        read_mail(raw)


def test_the_text_is_kept_when_the_html_is_too_deep_to_be_cleaned():
    received = read_mail(HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 1_000 + b"Help")
    assert received.text == "Help"
    assert received.html is None


def test_ordinary_html_is_kept_when_its_paragraphs_are_not_closed():
    html = b"<div><p>Help" * 3 + b"<p>again<br>" * 1_000
    received = read_mail(HEAD + b"Content-Type: text/html\r\n\r\n" + html)
    assert received.html

"""Mails that come in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.crm.request_model import ServiceRequest
from services.documents.files import documents_of
from services.errors import Invalid
from services.mail.delivery import _POLICY
from services.mail.inbound import guess_type
from services.mail.model import Mail
from services.mail.parsing import read_mail
from services.mail.references import make_reply_address
from services.mail.text import without_quote
from services.records.timeline import timeline_of


def _mail(**changes):
    message = EmailMessage()
    headers = {
        "From": "Eva Lund <eva@nordlys.example>",
        "To": "crm@lanewise.example",
        "Subject": "The window is broken",
        "Message-ID": "<1@nordlys.example>",
    }
    for name, value in {**headers, **changes.pop("headers", {})}.items():
        if value is not None:
            message[name] = value
    message.set_content(changes.get("text", "It does not close.\n"))
    return message


def _receive(desk, message):
    return desk.do("mail.receive", raw=bytes(message))


def _requests(desk):
    return desk.ask(lambda uow: uow.session.scalars(select(ServiceRequest)).all())


def test_a_request_comes_to_be_when_a_stranger_writes(staff):
    result = _receive(staff, _mail())
    [request] = _requests(staff)
    assert result["created"]
    assert (request.subject, request.type, request.channel) == (
        "The window is broken",
        "error",
        "mail",
    )
    assert (request.requester_name, request.requester_email) == ("Eva Lund", "eva@nordlys.example")
    assert staff.events() == ["request.created"]


def test_a_mail_is_taken_in_once_when_it_comes_twice(staff):
    first = _receive(staff, _mail())
    again = _receive(staff, _mail())
    assert again["duplicate"]
    assert again["record_id"] == first["record_id"]
    assert len(_requests(staff)) == 1


def test_a_mail_is_taken_in_once_when_it_comes_twice_at_once(staff):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: _receive(staff, _mail()), range(2)))
    assert len(_requests(staff)) == 1


def test_the_record_is_found_when_the_answer_has_our_reference(staff):
    deal = staff.do("deal.create", name="Windows")
    sent = staff.do(
        "mail.send",
        record_type="deal",
        record_id=deal.id,
        to="eva@nordlys.example",
        subject="Offer",
        body="Here",
    )
    answer = _mail(headers={"In-Reply-To": sent["message_id"], "Subject": "Re: Offer"})
    result = _receive(staff, answer)
    assert (result["record_type"], result["record_id"], result["created"]) == (
        "deal",
        deal.id,
        False,
    )
    [event] = [job for job in staff.jobs("events.deliver") if job["event"] == "mail.received"]
    assert event["record_id"] == str(deal.id)
    assert event["payload"]["from_address"] == "eva@nordlys.example"


def test_the_record_is_found_when_the_answer_has_our_address(staff):
    deal = staff.do("deal.create", name="Windows")
    address = make_reply_address(staff.platform.settings, "deal", deal.id)
    result = _receive(staff, _mail(headers={"To": address, "From": "other@x.example"}))
    assert result["record_id"] == deal.id


def _altered(text):
    return text[:-1] + ("a" if text[-1] != "a" else "b")


def test_our_address_counts_for_nothing_when_it_is_forged(staff):
    deal = staff.do("deal.create", name="Windows")
    _, address = parseaddr(make_reply_address(staff.platform.settings, "deal", deal.id))
    local, _, host = address.partition("@")
    assert _receive(staff, _mail(headers={"To": f"{_altered(local)}@{host}"}))["created"]


def test_our_reference_counts_for_nothing_when_it_is_forged(staff):
    deal = staff.do("deal.create", name="Windows")
    link = {"record_type": "deal", "record_id": deal.id}
    sent = staff.do("mail.send", to="a@x.example", subject="Offer", body="Here", **link)
    local, _, host = sent["message_id"].partition("@")
    forged = f"{_altered(local)}@{host}"
    assert _receive(staff, _mail(headers={"In-Reply-To": forged}))["created"]


def test_the_open_deal_is_found_when_its_contact_writes(staff):
    contact = staff.do("contact.create", last_name="Lund", email="eva@nordlys.example")
    deal = staff.do("deal.create", name="Windows", contact_id=contact.id)
    assert _receive(staff, _mail())["record_id"] == deal.id


def test_a_new_request_comes_to_be_when_the_sender_is_forged(staff):
    contact = staff.do("contact.create", last_name="Lund", email="eva@nordlys.example")
    staff.do("deal.create", name="Windows", contact_id=contact.id)
    forged = _mail(headers={"Authentication-Results": "mx.example; dmarc=fail"})
    result = _receive(staff, forged)
    assert result["record_type"] == "request"
    mail = staff.ask(lambda uow: uow.session.scalars(select(Mail)).one())
    assert mail.authentication_results == "mx.example; dmarc=fail"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"From": "MAILER-DAEMON@x.example"},
        {"From": "crm@lanewise.example"},
        {"From": "Lanewise <crm+token@lanewise.example>"},
        {"Return-Path": "<>"},
    ],
)
def test_nothing_begins_when_a_program_wrote_the_mail(staff, headers):
    assert _receive(staff, _mail(headers=headers))["mail_id"] is None
    assert staff.events() == []


def test_an_automatic_answer_is_kept_but_wakes_nothing_when_it_has_our_reference(staff):
    deal = staff.do("deal.create", name="Windows")
    address = make_reply_address(staff.platform.settings, "deal", deal.id)
    headers = {"To": address, "Auto-Submitted": "auto-replied", "Subject": "Out of office"}
    _receive(staff, _mail(headers=headers))
    assert "mail.received" not in staff.events()
    entry = staff.ask(timeline_of, "deal", deal.id)[0]
    assert entry.title == "Automatic answer from Eva Lund: “Out of office”"


def test_scripts_are_gone_when_a_mail_is_html(staff):
    message = _mail(text="")
    message.set_content(
        '<p hx-get="/x" onclick="x()" style="position:fixed">Hi <b>there</b></p>'
        '<script>x()</script><img src="http://t.example/p.gif"><a href="javascript:x()">go</a>',
        subtype="html",
    )
    _receive(staff, message)
    mail = staff.ask(lambda uow: uow.session.scalars(select(Mail)).one())
    assert mail.html.strip() == (
        '<p>Hi <b>there</b></p><a rel="noopener noreferrer nofollow">go</a>'
    )
    assert mail.text.startswith("Hi there")


def test_files_are_kept_with_safe_names_and_types_when_attached(staff):
    message = _mail()
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="../a/ü?.pdf")
    message.add_attachment(b"<svg/>", maintype="image", subtype="svg+xml", filename="x.svg")
    result = _receive(staff, message)
    files = staff.ask(documents_of, "request", result["record_id"])
    assert {(file.name, file.content_type) for file in files} == {
        ("a ü.pdf", "application/pdf"),
        ("x.svg", "application/octet-stream"),
    }


def test_files_are_left_out_when_too_large(staff, monkeypatch):
    monkeypatch.setattr("services.mail.bodies.MAX_ATTACHMENT_BYTES", 10)
    message = _mail()
    message.add_attachment(b"x" * 11, maintype="image", subtype="png", filename="big.png")
    result = _receive(staff, message)
    assert staff.ask(documents_of, "request", result["record_id"]) == []
    mail_entry = staff.ask(timeline_of, "request", result["record_id"])[0]
    assert mail_entry.details["left_out"] == ["big.png"]


def _raw(*lines):
    return "\r\n".join(["From: Eva <eva@nordlys.example>", *lines, "", "Hello."]).encode()


def test_an_id_is_whole_when_it_came_folded_in_its_middle():
    mail = read_mail(
        _raw("Message-ID:\r\n <12\r\n 34@x.example>", "References: <1@x.example>\r\n\t<2@\r\n x>")
    )
    assert mail.message_id == "<1234@x.example>"
    assert mail.references == ["<1@x.example>", "<2@x>"]


def test_the_newest_references_are_kept_when_a_conversation_is_long():
    ids = [f"<{number:04}.{'x' * 70}@x.example>" for number in range(100)]
    assert read_mail(_raw("References: " + "\r\n ".join(ids))).references == ids[50:]


def test_references_go_out_unchanged_when_they_are_longer_than_a_line():
    ids = [f"<{number}.{'x' * 120}@x.example>" for number in range(3)]
    message = EmailMessage(policy=_POLICY)
    message["From"], message["In-Reply-To"] = "eva@nordlys.example", ids[2]
    message["References"] = " ".join([*ids, "<ø@x.example>", f"<{'y' * 990}@x>"])
    raw = message.as_bytes()
    assert all(line.strip().endswith(b">") for line in raw.splitlines() if b"@x" in line)
    assert b"=?" not in raw
    assert max(map(len, raw.splitlines())) <= 998  # RFC 5322 2.1.1
    assert read_mail(raw).references == ids


def test_no_reference_goes_out_when_none_can_be_written():
    message = EmailMessage(policy=_POLICY)
    message["From"], message["In-Reply-To"] = "eva@nordlys.example", "<ø@x.example>"
    assert b"In-Reply-To" not in message.as_bytes()


def test_the_conversation_goes_on_in_its_thread_when_we_answer(staff):
    request_id = _receive(staff, _mail())["record_id"]
    staff.do(
        "mail.send",
        record_type="request",
        record_id=request_id,
        template="request_answer",
        body="Turn the handle.",
    )
    mail = staff.ask(
        lambda uow: uow.session.scalars(select(Mail).where(Mail.state == "queued")).one()
    )
    assert (mail.in_reply_to, mail.to_addresses) == ("<1@nordlys.example>", "eva@nordlys.example")
    assert "Turn the handle." in mail.text


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff", b"Subject: x\r\n\r\nno sender", b"From: nobody\n\n"]
)
def test_a_mail_is_refused_when_nobody_could_be_answered(staff, raw):
    with pytest.raises(Invalid):
        staff.do("mail.receive", raw=raw)


def test_a_mail_is_refused_when_it_is_nested_without_end():
    raw = b"From: a@x.example\n"
    for number in range(3000):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
    with pytest.raises(Invalid):
        read_mail(raw)


def test_unknown_charsets_and_encodings_are_read_when_a_mail_is_sloppy():
    raw = (
        "From: =?utf-99?q?Eva?= <eva@x.example>\nSubject: =?utf-8?b?w7w=?= \u043f\n"
        "Content-Type: text/plain; charset=klingon\n\nHallo ü\x00"
    ).encode()
    mail = read_mail(raw)
    assert mail.from_address == "eva@x.example"
    assert mail.text == "Hallo ü\ufffd"


@pytest.mark.parametrize(
    ("charset", "text", "read"),
    [
        ("us-ascii", "Grüße".encode("latin-1"), "Grüße"),
        ("iso-8859-1", "5 €".encode("cp1252"), "5 €"),
        ("gb2312", "龍".encode("gbk"), "龍"),
        ("utf-8", "Привет".encode()[:-1], "Приве\ufffd"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
    ],
    ids=["undeclared", "euro", "larger set", "broken", "declared"],
)
def test_text_is_read_as_it_was_most_likely_meant_when_its_charset_is_wrong(charset, text, read):
    head = f"From: eva@x.example\nContent-Type: text/plain; charset={charset}\n\n"
    assert read_mail(head.encode() + text).text == read


def test_names_and_subjects_are_read_when_they_came_as_bare_bytes():
    mail = read_mail("From: Jürgen Groß <j@x.example>\nSubject: Tür\n\nHi".encode("latin-1"))
    assert (mail.from_name, mail.subject) == ("Jürgen Groß", "Tür")


@settings(max_examples=150)
@given(
    st.binary(max_size=400),
    st.lists(
        st.sampled_from(
            [
                b"From: a@x.example\n",
                b"From: =?utf-8?q?=FF?= <a@x.example>,\n",
                b"To: ,,<>;:\n",
                b"Content-Type: multipart/mixed; boundary=\n",
                b"Content-Type: text/html; charset=\xff\n",
                b"Content-Transfer-Encoding: base64\n",
                b"Content-Disposition: attachment; filename*=utf-8''%ff%zz\n",
                b"Message-ID: <\xff@>\n",
                b"References: <a><b\n",
                b"\n",
            ]
        ),
        max_size=8,
    ),
)
def test_a_mail_is_read_or_refused_when_it_is_any_bytes(tail, lines):
    try:
        mail = read_mail(b"".join(lines) + tail)
    except Invalid:
        return
    mail.text.encode()
    mail.subject.encode()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The printer crashes and doesn't work", "error"),
        ("Не работает дверь", "error"),  # noqa: RUF001 - Russian
        ("I would like a blue one", "wish"),
        ("When do you open?", "question"),
        ("The default is fine", "question"),
    ],
)
def test_the_type_is_guessed_when_words_give_it_away(text, kind):
    assert guess_type(text) == kind


def test_the_quote_is_cut_off_when_a_mail_repeats_what_it_answers():
    assert (
        without_quote("Yes, please.\n\nOn Mon, 2 Mar 2026, Anna wrote:\n> Shall we?")
        == "Yes, please."
    )
    assert without_quote("Fine.\n> a\n> b\n") == "Fine."
    assert without_quote("> only quotes") == "> only quotes"

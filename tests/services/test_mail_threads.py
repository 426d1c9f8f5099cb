"""Conversations by mail, their records, and addresses at which nothing arrives."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from sqlalchemy import select

from services.actors import SYSTEM
from services.errors import Conflict, Invalid, NotFound
from services.mail.model import Mail
from services.mail.threads import copied_in, mails_of_thread, sender_of, threads_of
from services.points.keeping import points_of
from services.points.model import ContactPoint
from services.records.types import get_record


@pytest.fixture
def eva(staff):
    return staff.do("contact.create", "boris", last_name="Lund", email="eva@x.example")


@pytest.fixture
def sent(staff, eva):
    made = staff.do("mail.send", "boris", record_type="contact", record_id=eva.id, subject="Hello",
                    body="Hello Eva")  # fmt: skip
    return staff.ask(lambda uow: uow.session.get(Mail, made["mail_id"]))


def _receive(staff, *, text="Thanks", references=(), number=1, **headers):
    message = EmailMessage()
    given = {
        "From": "Eva Lund <eva@x.example>",
        "To": "crm@lanewise.example",
        "Subject": "Re: Hello",
        "Message-ID": f"<{number}@x.example>",
        **headers,
    }
    for name, value in given.items():
        message[name] = value
    if references:
        message["References"] = " ".join(references)
    message.set_content(text)
    made = staff.do("mail.receive", raw=bytes(message))
    return staff.ask(lambda uow: uow.session.get(Mail, made["mail_id"]))


def _threads(staff, eva, who="boris"):
    return staff.ask(threads_of, "contact", eva.id, actor=who)


def test_an_answer_joins_the_conversation_when_it_names_our_mail(staff, eva, sent):
    answer = _receive(staff, references=[sent.message_id])
    again = staff.do("mail.send", "boris", record_type="contact", record_id=eva.id,
                     body="You are welcome", reply_to_id=answer.id)  # fmt: skip
    reply = staff.ask(lambda uow: uow.session.get(Mail, again["mail_id"]))
    assert {answer.thread_id, reply.thread_id} == {sent.id}
    assert (reply.subject, reply.to_addresses) == ("Re: Hello", "eva@x.example")
    assert reply.thread_ids.split() == [sent.message_id, answer.message_id]
    [thread] = _threads(staff, eva)
    assert (thread.mails, thread.unread, thread.last_from) == (3, 1, "Boris")


def test_a_stranger_begins_a_conversation_when_the_reference_is_forged(staff, eva, sent):
    forged = sent.message_id.replace("lw.", "lw.0", 1)
    mail = _receive(staff, references=[forged])
    assert mail.thread_id == mail.id


def test_a_mail_is_unread_until_somebody_looks(staff, eva, sent):
    _receive(staff, references=[sent.message_id])
    staff.do("mail.mark_read", "boris", thread_id=sent.id)
    assert _threads(staff, eva)[0].unread == 0
    staff.do("mail.mark_unread", "boris", thread_id=sent.id)
    assert _threads(staff, eva)[0].unread == 1


def test_a_conversation_is_hidden_when_its_records_are(staff, eva, sent):
    for name in ("mark_read", "mark_unread"):
        with pytest.raises(NotFound):
            staff.do(f"mail.{name}", "sven", thread_id=sent.id)
    with pytest.raises(NotFound):
        staff.ask(mails_of_thread, sent.id, actor="sven")


def test_a_mail_belongs_to_several_records_when_it_is_put_to_them(staff, eva, sent):
    lead = staff.do("lead.create", "sven", name="Eva")
    about = {"mail_id": sent.id, "record_type": "lead", "record_id": lead.id}
    with pytest.raises(NotFound):
        staff.do("mail.link", "boris", **about)
    staff.do("mail.link", "maria", **about)
    with pytest.raises(Conflict):
        staff.do("mail.link", "maria", **about)
    assert [mail.id for mail in staff.ask(mails_of_thread, sent.id, actor="sven")] == [sent.id]
    assert len(staff.ask(threads_of, "lead", lead.id, actor="sven")) == 1
    staff.do("mail.unlink", "maria", **about)
    with pytest.raises(NotFound):
        staff.ask(mails_of_thread, sent.id, actor="sven")


def test_one_answers_from_a_record_that_has_the_mail_alone(staff, eva, sent):
    other = staff.do("contact.create", "boris", last_name="Other", email="o@x.example")
    with pytest.raises(NotFound):
        staff.do("mail.send", "boris", record_type="contact", record_id=other.id, body="x",
                 reply_to_id=sent.id)  # fmt: skip


def test_a_mail_finds_the_contact_by_any_of_its_addresses(staff, eva):
    staff.do("contact_point.add", "boris", record_type="contact", record_id=eva.id, kind="mail",
             value="eva@home.example")  # fmt: skip
    deal = staff.do("deal.create", "boris", name="Windows", contact_id=eva.id)
    mail = _receive(staff, From="eva@home.example")
    assert (mail.record_type, mail.record_id) == ("deal", deal.id)


def test_a_new_request_knows_its_contact_by_any_address(staff, eva):
    staff.do("contact_point.add", "boris", record_type="contact", record_id=eva.id, kind="mail",
             value="eva@home.example")  # fmt: skip
    mail = _receive(staff, From="eva@home.example")
    request = staff.ask(get_record, "request", mail.record_id)
    assert request.contact_id == eva.id


def _report(sent, address, status="5.1.1", returned=None):
    raw = f"""From: mailer-daemon@x.example
To: crm@lanewise.example
Subject: Undelivered
Message-ID: <bounce@x.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; x.example

Final-Recipient: rfc822; {address}
Action: failed
Status: {status}

--b
Content-Type: text/rfc822-headers

Message-ID: {returned or sent.message_id}
Subject: Hello
--b--
"""
    return raw.replace("\n", "\r\n").encode()


def _point(staff, eva):
    return staff.ask(lambda uow: points_of(uow, get_record(uow, "contact", eva.id)))[0]


def test_an_address_is_invalid_when_our_mail_comes_back(staff, eva, sent):
    staff.do("mail.receive", raw=_report(sent, "EVA@x.example"))
    assert _point(staff, eva).invalid_reason == "“Hello” came back"
    assert "mail.bounced" in staff.events()
    warned = staff.do("mail.send", "boris", record_type="contact", record_id=eva.id, subject="x",
                      body="y")  # fmt: skip
    assert warned["warnings"] == ["Mails to eva@x.example come back."]


@pytest.mark.parametrize(
    "changed",
    [
        {"address": "other@x.example"},
        {"status": "4.2.2"},
        {"returned": "<lw.00000000000000000000000000000000.aaaaaaaaaaaaaaaa@lanewise.example>"},
    ],
)
def test_a_report_is_not_believed_when_it_is_no_bounce_of_ours(staff, eva, sent, changed):
    other = staff.do("contact.create", "boris", last_name="O", email="other@x.example")
    staff.do("mail.receive", raw=_report(sent, **{"address": "eva@x.example", **changed}))
    rows = staff.ask(
        lambda uow: uow.session.scalars(
            select(ContactPoint).where(ContactPoint.invalid_since.is_not(None))
        ).all()
    )
    assert (rows, _point(staff, other).invalid_since) == ([], None)


def test_advertising_is_refused_to_whoever_opted_out_but_answers_are_not(staff, eva):
    point = _point(staff, eva)
    consent = {"record_type": "contact", "record_id": eva.id, "channel": "mail"}
    said = {"purpose": "marketing", "source": "at the fair", "evidence": "a signed card"}
    staff.do("consent.give", "boris", **consent, **said)
    staff.do("contact_point.opt_out", "boris", contact_point_id=point.id)
    mail = {"record_type": "contact", "record_id": eva.id, "subject": "x", "body": "y"}
    with pytest.raises(Invalid) as refused:
        staff.do("mail.send", "boris", **mail, purpose="marketing")
    assert refused.value.code == "mail_address_refused"
    assert staff.do("mail.send", "boris", **mail)["warnings"]
    staff.do("contact_point.opt_in", "boris", contact_point_id=point.id)
    staff.do("mail.send", "boris", **mail, purpose="marketing")


@pytest.mark.parametrize(
    ("who", "to", "counts"),
    [
        ("boris", "eva@x.example", True),
        ("boris", "eva.private@x.example", True),
        ("boris", "Sven <sven@lanewise.example>", False),
        (SYSTEM, "eva@x.example", False),
    ],
    ids=["the client", "the client's other address", "a colleague", "no person"],
)
def test_a_mail_is_the_first_response_when_a_person_writes_to_the_client(
    staff, eva, who, to, counts
):
    staff.do("contact_point.add", "boris", record_type="contact", record_id=eva.id, kind="mail",
             value="eva.private@x.example")  # fmt: skip
    request = staff.do("request.create", "boris", subject="It jams", contact_id=eva.id)
    staff.do("mail.send", who, record_type="request", record_id=request.id, to=to,
             subject="It jams", body="Does it help to turn it?")  # fmt: skip
    found = staff.ask(get_record, "request", request.id)
    assert (found.first_responded_at is not None) == counts
    assert found.status == "new"


def test_an_answer_goes_where_the_mail_asks_and_to_those_who_had_it_too(staff, eva, sent):
    came = _receive(
        staff,
        references=[sent.message_id],
        **{
            "From": "Eva Lund <form@x.example>",
            "Reply-To": "eva@x.example",
            "To": 'crm@lanewise.example, "Berg, Jo" <jo@x.example>',
            "Cc": "=?utf-8?q?=C3=98yvind?= <oyvind@x.example>, Eva@x.example",
        },
    )
    assert sender_of(came) == "eva@x.example"
    copies = '"Berg, Jo" <jo@x.example>, Øyvind <oyvind@x.example>'
    assert copied_in(came, staff.platform.settings) == copies
    made = staff.do("mail.send", "boris", record_type="contact", record_id=eva.id, body="Thanks",
                    cc=f"{copies}; eva@x.example", reply_to_id=came.id)  # fmt: skip
    answer = staff.ask(lambda uow: uow.session.get(Mail, made["mail_id"]))
    assert (answer.to_addresses, answer.cc_addresses) == ("eva@x.example", copies)


def test_answers_never_go_to_ourselves_when_a_mail_asks_for_that(staff, eva, sent):
    came = _receive(staff, **{"Reply-To": "crm+x@lanewise.example"})
    assert sender_of(came) == "eva@x.example"


def test_a_copy_is_refused_to_what_is_no_address(staff, eva):
    with pytest.raises(Invalid) as caught:
        staff.do("mail.send", "boris", record_type="contact", record_id=eva.id, subject="Hello",
                 body="Hello", cc="nobody")  # fmt: skip
    assert list(caught.value.fields) == ["cc"]


def test_an_answer_goes_to_who_is_left_when_its_contact_was_merged(staff, eva, sent):
    others = [staff.do("contact.create", "boris", last_name=name) for name in ("Lundh", "Lundt")]
    for dropped, kept in ((eva, others[0]), (others[0], others[1])):
        staff.do("record.merge", "boris", record_type="contact", kept_id=kept.id,
                 dropped_id=dropped.id)  # fmt: skip
    came = _receive(staff, To=sent.reply_to, From="Somebody <new@x.example>")
    assert came.record_id == others[1].id

"""Mails on their way out: composed, handed over once, retried, answered for."""

from __future__ import annotations

from email.utils import parseaddr

import pytest
from sqlalchemy import select

from services.actors import SYSTEM
from services.errors import Invalid, NotFound
from services.jobs import RetryLater
from services.mail import smtp
from services.mail.delivery import deliver_mail
from services.mail.loopback import Behaviour, LoopbackMail
from services.mail.model import Mail
from services.mail.references import read_message_ids, read_reply_address
from services.operations import run


@pytest.fixture
def server(tmp_path):
    with LoopbackMail(tmp_path / "mails") as server:
        yield server


@pytest.fixture
def post(staff, server, platform_with):
    """The desk whose mails go to the loopback server."""
    staff.platform = platform_with(smtp_url=server.url)
    return staff


@pytest.fixture
def deal(post):
    contact = post.do("contact.create", first_name="Eva", last_name="Lund", email="eva@x.example")
    return post.do("deal.create", name="Windows", contact_id=contact.id, amount="100")


def _send(desk, deal, *, call_key=None, **raw):
    raw = {"subject": "Hello", "body": "Dear Eva,\n\nsee https://x.example.", **raw}

    def work(uow):
        uow.call_key = call_key
        return run(uow, "mail.send", {"record_type": "deal", "record_id": deal.id, **raw})

    return desk.platform.transact(SYSTEM, work)["mail_id"]


def _deliver(desk, mail_id):
    deliver_mail(desk.platform, mail_id=str(mail_id))


def _mail(desk, mail_id):
    return desk.ask(lambda uow: uow.session.scalars(select(Mail).where(Mail.id == mail_id)).one())


def test_text_html_and_threading_headers_arrive_when_a_mail_is_sent(post, deal, server):
    mail_id = _send(post, deal)
    _deliver(post, mail_id)
    [message] = server.messages
    assert message["To"] == "eva@x.example"
    assert message["Subject"] == "Hello"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    assert "Dear Eva," in text
    assert '<a href="https://x.example">' in html
    settings = post.platform.settings
    assert read_message_ids(settings, message["Message-ID"]) == [mail_id]
    assert read_reply_address(settings, parseaddr(message["Reply-To"])[1]) == ("deal", deal.id)
    assert _mail(post, mail_id).state == "sent"
    assert post.events()[-1] == "mail.sent"


def test_a_line_of_one_dot_survives_when_a_mail_is_sent(post, deal, server):
    _deliver(post, _send(post, deal, body="one\n.\n..two\nthree"))
    text = server.messages[0].get_body(("plain",)).get_content()
    assert text.strip().splitlines() == ["one", ".", "..two", "three"]


def test_a_document_is_attached_when_its_key_is_given_alone(post, deal, server):
    made = post.do("document.make", template="offer", record_type="deal", record_id=deal.id)
    _deliver(post, _send(post, deal, document_ids=str(made["document_id"]), template="offer_mail"))
    [file] = server.messages[0].iter_attachments()
    assert file.get_filename() == "Offer Windows.pdf"
    assert file.get_content().startswith(b"%PDF-")
    assert server.messages[0]["Subject"] == "Hello"


def test_an_address_is_refused_when_it_would_add_a_header(post, deal):
    for bad in ("eva@x.example\nBcc: all@x.example", "Eva", "@x.example", "a@b", ""):
        with pytest.raises(Invalid) as caught:
            _send(post, deal, to=bad or " , ")
        assert caught.value.code == "mail_address_invalid"


def test_a_subject_keeps_to_one_line_when_it_has_line_breaks(post, deal, server):
    _deliver(post, _send(post, deal, subject="Hi\r\nBcc: all@x.example"))
    assert server.messages[0]["Subject"] == "Hi Bcc: all@x.example"
    assert server.messages[0]["Bcc"] is None


def test_the_process_is_answered_when_its_mail_was_handed_over(post, deal):
    mail_id = _send(post, deal, call_key="call-1")
    _deliver(post, mail_id)
    [answer] = post.jobs("calls.answer")
    assert answer["key"] == "call-1"
    assert answer["result"]["mail_id"] == str(mail_id)


def test_one_mail_goes_out_when_a_step_calls_twice(post, deal, server):
    first = _send(post, deal, call_key="call-1")
    assert _send(post, deal, call_key="call-1") == first
    _deliver(post, first)
    _deliver(post, first)
    assert _send(post, deal, call_key="call-1") == first
    assert len(server.messages) == 1
    assert len(post.jobs("calls.answer")) == 2


def test_the_mail_is_tried_again_when_the_server_is_busy(post, deal, server):
    mail_id = _send(post, deal, call_key="call-1")
    server.behaviour = Behaviour.DEFER
    with pytest.raises(RetryLater) as caught:
        _deliver(post, mail_id)
    assert caught.value.delay_seconds == 30
    assert "451" in _mail(post, mail_id).last_error
    server.behaviour = Behaviour.ACCEPT
    _deliver(post, mail_id)
    assert (_mail(post, mail_id).state, len(server.messages)) == ("sent", 1)


def test_the_call_fails_when_four_attempts_did(post, deal, server):
    mail_id = _send(post, deal, call_key="call-1")
    server.stop()
    for _ in range(3):
        with pytest.raises(RetryLater):
            _deliver(post, mail_id)
    _deliver(post, mail_id)
    [failure] = post.jobs("calls.fail")
    assert (failure["key"], failure["code"]) == ("call-1", "mail_failed")
    assert _mail(post, mail_id).state == "failed"


@pytest.mark.parametrize("behaviour", [Behaviour.REJECT, Behaviour.REJECT_RECIPIENT])
def test_the_call_fails_at_once_when_the_server_refuses_for_good(post, deal, server, behaviour):
    mail_id = _send(post, deal, call_key="call-1")
    server.behaviour = behaviour
    _deliver(post, mail_id)
    assert _mail(post, mail_id).attempts == 1
    assert len(post.jobs("calls.fail")) == 1


def test_a_failed_mail_is_queued_again_when_its_step_is_retried(post, deal, server):
    mail_id = _send(post, deal, call_key="call-1")
    server.behaviour = Behaviour.REJECT
    _deliver(post, mail_id)
    server.behaviour = Behaviour.ACCEPT
    assert _send(post, deal, call_key="call-1") == mail_id
    _deliver(post, mail_id)
    assert (_mail(post, mail_id).state, len(server.messages)) == ("sent", 1)


@pytest.mark.parametrize(
    ("behaviour", "taken"), [(Behaviour.HANG_UP, 0), (Behaviour.KEEP_SILENT, 1)]
)
def test_nobody_knows_when_the_connection_breaks_after_the_dot(
    post, deal, server, behaviour, taken
):
    mail_id = _send(post, deal, call_key="call-1")
    server.behaviour = behaviour
    _deliver(post, mail_id)
    _deliver(post, mail_id)
    assert len(server.messages) == taken
    assert _mail(post, mail_id).state == "unknown"
    [failure] = post.jobs("calls.fail")
    assert failure["code"] == "mail_outcome_unknown"


def test_nobody_knows_when_the_server_hangs_after_the_dot(post, deal, server, monkeypatch):
    def finish(connection):
        connection._smtp.sock.settimeout(0.05)
        finish_(connection)

    finish_ = smtp.MailServer.finish
    monkeypatch.setattr(smtp.MailServer, "finish", finish)
    server.behaviour = Behaviour.HANG
    mail_id = _send(post, deal)
    _deliver(post, mail_id)
    assert _mail(post, mail_id).state == "unknown"


def test_an_unknown_mail_is_not_sent_again_when_its_step_is_retried(post, deal, server):
    mail_id = _send(post, deal, call_key="call-1")
    server.behaviour = Behaviour.KEEP_SILENT
    _deliver(post, mail_id)
    server.behaviour = Behaviour.ACCEPT
    _send(post, deal, call_key="call-1")
    _deliver(post, mail_id)
    assert len(server.messages) == 1
    assert len(post.jobs("calls.fail")) == 2


def test_an_administrator_resolves_when_the_outcome_is_unknown(post, deal, server):
    mail_id = _send(post, deal, call_key="call-1")
    server.behaviour = Behaviour.HANG_UP
    _deliver(post, mail_id)
    server.behaviour = Behaviour.ACCEPT
    post.do("mail.resend", "olga", mail_id=mail_id)
    _deliver(post, mail_id)
    assert (_mail(post, mail_id).state, len(server.messages)) == ("sent", 1)
    assert len(post.jobs("calls.answer")) == 1


def test_the_process_goes_on_when_a_mail_is_marked_as_sent(post, deal, server):
    mail_id = _send(post, deal, call_key="call-1")
    server.behaviour = Behaviour.KEEP_SILENT
    _deliver(post, mail_id)
    post.do("mail.mark_sent", "olga", mail_id=mail_id)
    assert _mail(post, mail_id).state == "sent"
    assert len(post.jobs("calls.answer")) == 1


@pytest.mark.parametrize(
    ("state", "outcome"), [("sending", (1, "sent")), ("handing_over", (0, "unknown"))]
)
def test_the_state_decides_when_a_worker_died_in_the_middle(post, deal, server, state, outcome):
    mail_id = _send(post, deal, call_key="call-1")

    def die(uow):
        uow.get(Mail, mail_id).state = state

    post.platform.transact(SYSTEM, die)
    _deliver(post, mail_id)
    assert (len(server.messages), _mail(post, mail_id).state) == outcome


def test_nothing_is_handed_over_when_another_job_took_the_mail(post, deal, server, monkeypatch):
    mail_id = _send(post, deal)
    transfer = smtp.MailServer.transfer

    def be_overtaken(self, *args):
        monkeypatch.setattr(smtp.MailServer, "transfer", transfer)
        _deliver(post, mail_id)
        transfer(self, *args)

    monkeypatch.setattr(smtp.MailServer, "transfer", be_overtaken)
    _deliver(post, mail_id)
    assert (len(server.messages), _mail(post, mail_id).state) == (1, "sent")


def test_a_mail_is_sent_when_its_job_was_taken_for_dead_but_came_back(
    post, deal, server, monkeypatch
):
    mail_id = _send(post, deal, call_key="call-1")
    finish = smtp.MailServer.finish

    def be_overtaken(self):
        _deliver(post, mail_id)
        finish(self)

    monkeypatch.setattr(smtp.MailServer, "finish", be_overtaken)
    _deliver(post, mail_id)
    assert (len(server.messages), _mail(post, mail_id).state) == (1, "sent")
    assert (len(post.jobs("calls.fail")), len(post.jobs("calls.answer"))) == (1, 1)


def test_the_call_fails_when_no_mail_server_is_named(staff, platform_with):
    deal = staff.do("deal.create", name="Windows")
    mail_id = _send(staff, deal, to="eva@x.example", call_key="call-1")
    _deliver(staff, mail_id)
    [failure] = staff.jobs("calls.fail")
    assert "SMTP_URL" in failure["message"]


def test_the_mail_counts_as_failed_when_its_record_was_deleted_meanwhile(post, deal, server):
    mail_id = _send(post, deal)
    post.do("record.delete", record_type="deal", record_id=deal.id)
    server.behaviour = Behaviour.REJECT
    _deliver(post, mail_id)
    assert _mail(post, mail_id).state == "failed"


def test_a_mail_leaves_when_its_record_has_no_reply_address(post, server):
    call = post.do("activity.create", subject="Talk", kind="call")
    raw = {"record_type": "activity", "record_id": call.id, "to": "eva@x.example"}
    mail_id = post.do("mail.send", subject="Hello", body="As agreed.", **raw)["mail_id"]
    _deliver(post, mail_id)
    mail = _mail(post, mail_id)
    assert (mail.state, mail.reply_to) == ("sent", None)
    assert read_message_ids(post.platform.settings, mail.message_id) == [mail.id]


def test_documents_of_others_are_not_found_when_attached(post):
    other = post.do("deal.create", "sven", name="Hidden")
    made = post.do("document.make", template="offer", record_type="deal", record_id=other.id)
    own = post.do("deal.create", "anna", name="Own")
    with pytest.raises(NotFound):
        post.do(
            "mail.send",
            "anna",
            record_type="deal",
            record_id=own.id,
            to="a@x.example",
            subject="s",
            body="b",
            document_ids=[str(made["document_id"])],
        )

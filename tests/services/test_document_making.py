"""Documents of records: numbered, told, made in the background, turned into PDFs."""

from __future__ import annotations

import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen, TimeoutExpired

import pytest
from sqlalchemy import select

from processes.jobs.draining import drain
from services.actors import SYSTEM
from services.audit import AuditEntry
from services.documents import converting, making
from services.documents.files import documents_of, get_document, keep_document
from services.documents.making import LINES_AT_ONCE, makings_of
from services.documents.templates import TemplateKind, get_template
from services.documents.values import values_for
from services.errors import Conflict, Invalid, NotFound
from services.mail.model import Mail
from services.operations import run
from services.records.types import get_record
from services.statements import Statement
from tests.services.conftest import Desk
from tests.services.word_files import word_file

LINE = {"title": "Window", "quantity": "2", "unit_price": "10.00", "tax_percent": "25"}


@pytest.fixture
def office(tmp_path) -> Path:
    """An office program that says in the PDF what it was given."""
    program = tmp_path / "soffice"
    program.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != "--outdir" ]; do shift; done\n'
        'printf "%%PDF-1.4 %s" "$(env | cut -d= -f1 | sort | tr "\\n" " ")" > "$2/document.pdf"\n'
    )
    program.chmod(0o755)
    return program


@pytest.fixture
def equipped(desk, platform_with, office) -> Desk:
    """The desk where there is an office program, with a Word template."""
    other = Desk(platform_with(office_program=office))
    add_word_template(other)
    return other


def add_word_template(desk, name="proposal"):
    content = b64encode(word_file("For {{ deal.name }}")).decode()
    return desk.do(
        "template.create",
        name=name,
        kind="document",
        title="Proposal {{ deal.name }}",
        content=content,
        record_types=["deal"],
    )


def about(record):
    return {"record_type": record.record_type, "record_id": str(record.id)}


def a_paper(desk, kind, lines):
    account = desk.do("account.create", name="Nord")
    return desk.do(f"{kind}.create", title="Windows", account_id=str(account.id), lines=lines)


def files(desk, record):
    return desk.ask(documents_of, record.record_type, record.id)


def audited(desk, operation):
    with desk.platform.session() as session:
        found = select(AuditEntry).where(AuditEntry.operation == operation)
        return session.scalars(found.order_by(AuditEntry.id)).all()


def test_documents_are_numbered_when_several_are_made_from_a_template(desk):
    deal = desk.do("deal.create", name="Roof", amount=5)
    for template in ("offer", "offer", "contract"):
        desk.do("document.make", template=template, **about(deal))
    made = [(one.template, one.number) for one in reversed(files(desk, deal))]
    assert made == [("offer", 1), ("offer", 2), ("contract", 1)]


def test_numbers_stay_apart_when_two_are_made_at_once(desk):
    deal = desk.do("deal.create", name="Roof", amount=5)
    with ThreadPoolExecutor(2) as pool:
        tasks = [
            pool.submit(desk.do, "document.make", template="offer", **about(deal)) for _ in "ab"
        ]
        assert {task.result()["number"] for task in tasks} == {1, 2}


def test_the_audit_says_from_which_version_a_document_was_made(desk):
    offer = desk.ask(get_template, "offer", TemplateKind.DOCUMENT)
    desk.do("template.update", template_id=offer.id, body="<p>{{ deal.name }}</p>")
    deal = desk.do("deal.create", name="Roof")
    desk.do("document.make", template="offer", **about(deal))
    row = next(
        one for one in audited(desk, "document.make")[0].changes if one["kind"] == "documents"
    )
    said = {name: pair[1] for name, pair in row["fields"].items()}
    assert (said["template"], said["template_version"], said["language"]) == ("offer", 2, "en")
    assert said["created_by_name"] == SYSTEM.name


def test_a_document_is_in_the_language_that_is_asked_for(desk):
    desk.do(
        "template.create", name="offer", kind="document", language="de", title="Angebot", body="x"
    )
    deal = desk.do("deal.create", name="Roof")
    made = desk.do("document.make", template="offer", language="de", **about(deal))
    assert made["name"] == "Angebot.pdf"
    assert desk.do("document.make", template="offer", **about(deal))["name"] == "Offer Roof.pdf"


@pytest.mark.parametrize("kind", ["quote", "order", "invoice"])
def test_a_paper_is_printed_with_its_lines_and_taxes(desk, kind):
    paper = a_paper(desk, kind, [LINE, {**LINE, "tax_percent": "10"}])
    values = desk.ask(lambda uow: values_for(uow, get_record(uow, kind, paper.id)))
    assert [line["total"] for line in values["positions"]] == [20, 20]
    assert [(rate["percent"], rate["tax"]) for rate in values["totals"]["taxes"]] == [
        (10, 2),
        (25, 5),
    ]
    assert values["totals"]["gross"] == 47
    template = {"order": "order_confirmation"}.get(kind, kind)
    assert desk.do("document.start", template=template, **about(paper))["stage"] == "done"


def test_a_long_paper_is_made_by_a_job(desk):
    lines = [{**LINE, "title": f"Line {n}"} for n in range(LINES_AT_ONCE + 1)]
    quote = a_paper(desk, "quote", lines)
    begun = desk.do("document.start", template="quote", **about(quote))
    assert (begun["stage"], begun["document_id"], files(desk, quote)) == ("filling", None, [])
    assert [one.stage for one in desk.ask(makings_of, "quote", quote.id)] == ["filling"]
    drain(desk.platform)
    assert [one.template for one in files(desk, quote)] == ["quote"]
    assert not desk.ask(makings_of, "quote", quote.id)


def test_a_word_template_makes_a_word_file_when_nothing_else_is_asked_for(equipped):
    deal = equipped.do("deal.create", name="Roof")
    made = equipped.do("document.start", template="proposal", **about(deal))
    document = equipped.ask(get_document, made["document_id"])
    assert (document.name, document.content[:2]) == ("Proposal Roof.docx", b"PK")


def test_a_pdf_is_made_of_a_word_template_when_there_is_a_program(equipped):
    deal = equipped.do("deal.create", name="Roof")
    equipped.do("document.start", template="proposal", output="pdf", **about(deal))
    drain(equipped.platform)
    pdf, word = files(equipped, deal)
    assert (pdf.name, pdf.source_id, pdf.number) == ("Proposal Roof.pdf", word.id, word.number)
    assert (pdf.template_version, pdf.content_type) == (1, "application/pdf")
    row = audited(equipped, "document.convert")[0].changes[0]
    assert row["fields"]["source_id"] == [None, str(word.id)]


def test_the_program_sees_nothing_of_the_environment(equipped, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x")
    deal = equipped.do("deal.create", name="Roof")
    equipped.do("document.start", template="proposal", output="pdf", **about(deal))
    drain(equipped.platform)
    said = equipped.ask(get_document, files(equipped, deal)[0].id).content.decode().split()
    assert set(said[1:]) <= {"HOME", "LANG", "PATH", "PWD", "OLDPWD", "SHLVL", "_"}


def test_it_is_said_plainly_when_there_is_no_program(desk):
    add_word_template(desk)
    deal = desk.do("deal.create", name="Roof")
    with pytest.raises(Invalid, match="need LibreOffice") as caught:
        desk.do("document.start", template="proposal", output="pdf", **about(deal))
    assert caught.value.code == "pdf_unavailable"
    made = desk.do("document.make", template="proposal", **about(deal))
    with pytest.raises(Invalid, match="need LibreOffice"):
        desk.do("document.convert", document_id=made["document_id"])


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "gave up"),
        ("exit 0", "made no file"),
        ("for last; do :; done; echo no > ${last%docx}pdf", "made no PDF"),
    ],
)
def test_the_reason_is_told_when_the_program_fails(equipped, office, script, said):
    office.write_text(f"#!/bin/sh\n{script}\n")
    deal = equipped.do("deal.create", name="Roof")
    equipped.do("document.start", template="proposal", output="pdf", **about(deal))
    drain(equipped.platform)
    making = equipped.ask(makings_of, "deal", deal.id)[0]
    assert making.stage == "failed"
    assert said in making.problem
    assert [one.name for one in files(equipped, deal)] == ["Proposal Roof.docx"]


def test_the_program_has_its_limits_from_its_beginning_and_for_all_that_it_starts(office):
    office.write_text(
        '#!/bin/sh\nwhile [ "$1" != "--outdir" ]; do shift; done\n'
        'printf "%%PDF- %s" "$(sh -c "ulimit -v; ulimit -f; ulimit -c")" > "$2/document.pdf"\n'
    )
    memory, size, core = converting.convert_to_pdf(office, b"").split()[1:]
    assert int(memory) * 1024 == 4 * 1024**3
    assert int(size) * 512 == converting.MAX_PDF_BYTES
    assert int(core) == 0


def test_what_the_program_started_ends_with_it_when_it_takes_too_long(
    office, tmp_path, monkeypatch
):
    class Impatient(Popen):
        """Ends its patience when the helper has begun, however long that takes."""

        def wait(self, timeout=None):
            if timeout is None:
                return super().wait()
            assert pipe.readline() == "begun\n"
            raise TimeoutExpired(self.args, timeout)

    monkeypatch.setattr(converting.subprocess, "Popen", Impatient)
    started = tmp_path / "helper"
    os.mkfifo(started)
    held = os.open(started, os.O_RDONLY | os.O_NONBLOCK)
    open_end = os.open(started, os.O_WRONLY)  # so that reading waits for the helper
    os.set_blocking(held, True)
    office.write_text(f"#!/bin/sh\n(echo begun; exec sleep 600) > {started} &\nwait\n")
    with os.fdopen(held) as pipe:
        with pytest.raises(Invalid, match="took longer"):
            converting.convert_to_pdf(office, b"")
        os.close(open_end)
        assert pipe.read() == ""  # it ends when nobody is left who could write


def test_nothing_is_made_twice_when_a_job_is_delivered_again(equipped):
    deal = equipped.do("deal.create", name="Roof")
    equipped.do("document.start", template="proposal", output="pdf", **about(deal))
    again = Statement(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args) "
        "SELECT queue_name, task_name, lock, args FROM procrastinate_jobs "
        "WHERE task_name = 'documents.make'"
    )
    equipped.ask(lambda uow: again.run(uow.session))
    drain(equipped.platform)
    assert len(files(equipped, deal)) == 2


def test_a_step_gets_its_pdf_when_it_asks_again(equipped):
    deal = equipped.do("deal.create", name="Roof")
    made = equipped.do("document.make", template="proposal", **about(deal))

    def call(uow):
        uow.call_key = "01890000-0000-7000-8000-000000000000:task:1"
        return run(uow, "document.convert", {"document_id": made["document_id"]})

    first = equipped.ask(call)
    assert equipped.ask(call)["making_id"] == first["making_id"]
    assert len(equipped.jobs("documents.make")) == 1
    assert not equipped.jobs("calls.answer")


def test_only_what_was_made_here_becomes_a_pdf(equipped):
    deal = equipped.do("deal.create", name="Roof")
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    sent = {"name": "x.docx", "content_type": kind, "content": b"PK"}
    key = equipped.ask(lambda uow: keep_document(uow, get_record(uow, "deal", deal.id), **sent).id)
    with pytest.raises(Invalid, match="from a Word template"):
        equipped.do("document.convert", document_id=key)


def test_a_job_fails_when_who_asked_may_see_the_record_no_more(staff, platform_with, office):
    equipped = Desk(platform_with(office_program=office), staff.people)
    add_word_template(equipped)
    deal = equipped.do("deal.create", "anna", name="Roof")
    equipped.do("document.start", "anna", template="proposal", output="pdf", **about(deal))
    boris = equipped.actor("boris").user_id
    equipped.do("record.assign", user=str(boris), **about(deal))
    drain(equipped.platform)
    assert not files(equipped, deal)
    assert equipped.ask(makings_of, "deal", deal.id)[0].problem == "There is no such deal."
    with pytest.raises(NotFound):
        equipped.ask(makings_of, "deal", deal.id, actor="anna")


def test_one_waits_for_ones_own_documents_only(staff, platform_with, office, monkeypatch):
    monkeypatch.setattr(making, "MAX_UNDERWAY", 1)
    equipped = Desk(platform_with(office_program=office), staff.people)
    add_word_template(equipped)
    deal = about(equipped.do("deal.create", "anna", name="Roof"))
    start = {"template": "proposal", "output": "pdf", **deal}
    equipped.do("document.start", "anna", **start)
    with pytest.raises(Conflict):
        equipped.do("document.start", "anna", **start)
    equipped.do("document.start", "maria", **start)
    drain(equipped.platform)
    assert equipped.do("document.start", "anna", **start)


def test_prices_are_left_out_when_whoever_makes_a_paper_may_not_see_them(staff):
    quote = a_paper(staff, "quote", [LINE])
    rights = {"quote": {"gross": "hidden"}}
    records = {"*": {"read": "all"}}
    role = staff.do(
        "role.create",
        name="Porter",
        permissions=["record:read"],
        records=records,
        field_rights=rights,
    )
    staff.add_person("pia", roles=(role.key,), scope="all")
    seen = staff.ask(lambda uow: values_for(uow, get_record(uow, "quote", quote.id)), actor="pia")
    assert (seen["totals"], "unit_price" in seen["positions"][0]) == ({}, False)


def test_a_mail_is_in_the_language_that_is_asked_for(desk):
    german = {"name": "document_mail", "kind": "mail", "language": "de", "title": "Anbei"}
    desk.do("template.create", **german, body="<p>Hallo</p>")
    deal = desk.do("deal.create", name="Roof")
    desk.do("mail.send", to="a@x.example", template="document_mail", language="de", **about(deal))
    assert desk.ask(lambda uow: uow.session.scalar(select(Mail.subject))) == "Anbei"

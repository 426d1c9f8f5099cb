"""Documents that a diagram makes: a Word file at once, its PDF when the job has made it."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

from processes.running.instance_tables import ProcessInstance
from services.documents.files import documents_of
from services.documents.shipped import seed_templates
from services.platform import Platform
from services.sales.reminders import tell_late_invoices
from tests.engine.models import Drawing, mapped, on
from tests.processes.world import World, with_properties
from tests.services.word_files import word_file

MAKE = {"template": "proposal", "language": "de", "record_type": "lead", "record_id": "=lead.id"}


def test_a_process_goes_on_with_the_pdf_of_its_word_file(world, tmp_path):
    program = tmp_path / "soffice"
    program.write_text(
        '#!/bin/sh\nwhile [ "$1" != "--outdir" ]; do shift; done\n'
        'printf "%%PDF-1.4" > "$2/document.pdf"\n'
    )
    program.chmod(0o755)
    settings = replace(world.platform.settings, office_program=program)
    equipped = Platform(settings, world.platform.engine, world.platform.clock)
    here = World(equipped, world.people)
    here.do(
        "template.create",
        name="proposal",
        kind="document",
        language="de",
        title="Angebot {{ lead.name }}",
        content=b64encode(word_file("{{ lead.name }}")).decode(),
    )
    drawing = with_properties(Drawing("p"), "lead").start().end()
    drawing.service("make", "document.make", mapped(MAKE, {"made": "=document_id"}))
    pdf = mapped({"document_id": "=made"}, {"pdf": "=document_id"})
    drawing.service("pdf", "document.convert", pdf)
    here.deploy(drawing.path("start", "make", "pdf", "end"))
    lead = here.do("lead.create", name="Roof")
    instance = here.start("p", lead.id)
    assert here.state(instance) == "running"
    here.drain()
    assert here.state(instance) == "completed"
    names = [one.name for one in here.ask(documents_of, "lead", lead.id)]
    assert names == ["Angebot Roof.pdf", "Angebot Roof.docx"]


def test_a_process_reminds_of_an_invoice_that_is_late(world, clock):
    world.ask(seed_templates)
    drawing = with_properties(Drawing("p"), "invoice").message("late", "invoice.late")
    drawing.start(inner=on("message", "late")).end()
    arguments = {"invoice_id": "=invoice.id", "to": "post@nordlys.example"}
    drawing.service("remind", "invoice.remind", mapped(arguments, {"sent": "=reminders"}))
    world.deploy(drawing.path("start", "remind", "end"))
    client = world.do("account.create", name="Nordlys")
    lines = [{"title": "Window", "unit_price": "100"}]
    made = world.do("invoice.create", title="W", account_id=client.id, lines=lines)
    world.do("invoice.issue", invoice_id=made.id)
    clock.moment += timedelta(days=15)
    tell_late_invoices(world.platform)
    world.drain()
    [instance] = world.rows(ProcessInstance)
    assert world.state(instance.id) == "completed"
    names = [one.name for one in world.ask(documents_of, "invoice", made.id)]
    assert names == ["Payment reminder INV-2026-00001.pdf"]

"""Documents that a diagram makes: a Word file at once, its PDF when the job has made it."""

from base64 import b64encode
from dataclasses import replace

from services.documents.files import documents_of
from services.platform import Platform
from tests.engine.models import Drawing, mapped
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

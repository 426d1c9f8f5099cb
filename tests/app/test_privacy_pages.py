"""A person's data: asked for, fetched, looked at before it is erased, and erased."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from processes.jobs.draining import drain
from services.crm.lead_model import Lead


def test_a_person_is_handed_out_and_erased_from_its_pages(browse, lead_of, platform):
    key = lead_of("administrator")
    browser = browse("administrator")
    assert "Personal data" in browser.get(f"/leads/{key}").text
    browser.post(f"/privacy/lead/{key}/export")
    drain(platform)
    page = browser.get(f"/privacy/lead/{key}").text
    file = browser.get(re.search(r"/privacy/files/[0-9a-f-]+", page)[0])
    assert file.mimetype == "application/zip"
    assert file.data.startswith(b"PK")

    asked = browser.get(f"/privacy/lead/{key}/erase").text
    assert "Nothing has happened yet" in asked
    wrong = browser.post(f"/privacy/lead/{key}/erase", name="Kari", reason="Asked for it")
    assert wrong.status_code == 422
    assert "exactly" in wrong.text
    name = {"name": "kari nordmann", "reason": "Asked for it"}
    done = browser.post(f"/privacy/lead/{key}/erase", **name)
    assert done.headers["Location"] == "/admin/privacy"
    assert "Asked for it" in browser.get("/admin/privacy").text
    with platform.session() as session:
        assert session.get(Lead, UUID(key)).name == "Erased person"


def test_a_rule_lists_who_is_due(browse, lead_of, clock):
    lead_of("administrator", name="Long Gone")
    browser = browse("administrator")
    browser.get("/admin/privacy")
    browser.post("/admin/privacy", record_type="lead", months="1")
    assert "Long Gone" not in browser.get("/admin/privacy/lead").text
    clock.advance(timedelta(days=32))
    assert "Long Gone" in browser.get("/admin/privacy/lead").text

"""Short ways to say what people agreed to."""

from __future__ import annotations

import re

from sqlalchemy import select

from services.consents.consents import sign_confirmations
from services.consents.contacting import may_contact
from services.consents.keeping import present_consents
from services.consents.links import Choice, make_choice_link, seal_of
from services.consents.purposes import find_purpose
from services.mail.model import Mail

ADDRESS = "eva@nordlys.example"


def add_contact(staff, email=ADDRESS, **values):
    return staff.do(
        "contact.create", "anna", last_name="Lund", email=email, phone="+4722000001",
        **values,
    )  # fmt: skip


def named(person, channel="mail", purpose="marketing"):
    return {
        "record_type": person.record_type,
        "record_id": str(person.id),
        "channel": channel,
        "purpose": purpose,
    }


def give(staff, person, channel="mail", **more):
    said = {"source": "at the fair", "evidence": "a signed card", **more}
    return staff.do("consent.give", "anna", **named(person, channel), **said)


def withdraw(staff, person, channel="mail", **more):
    said = {"source": "on the phone", **more}
    return staff.do("consent.withdraw", "anna", **named(person, channel), **said)


def may(staff, person, channel="mail", purpose="marketing"):
    return staff.ask(
        lambda uow: may_contact(uow, uow.session.get(type(person), person.id), channel, purpose)
    )


def states(staff, person):
    found = staff.ask(present_consents, person.id)
    return sorted((channel, entry.state) for (channel, _), entry in found.items())


def token_of(staff, person, channel="mail", purpose="marketing", to=None):
    def make(uow):
        key = find_purpose(uow, purpose).id
        seal = seal_of(uow.platform.settings, to) if to else ""
        choice = Choice(person.record_type, person.id, channel, key, seal)
        return make_choice_link(uow.platform.settings, choice)

    return staff.ask(make)


def confirmation(staff, to=None):
    """Return the token of the last mail as it leaves."""

    def find(uow):
        mail = uow.session.scalars(select(Mail).order_by(Mail.id.desc())).first()
        sent = sign_confirmations(uow, mail.record_id, to or mail.to_addresses, mail.text)
        return re.search(r"/consent/confirm/(\S+)", sent)[1]

    return staff.ask(find)


def add_address(staff, person, value="eva@home.example"):
    staff.do("contact_point.add", "anna", record_type="contact", record_id=str(person.id),
             kind="mail", value=value)  # fmt: skip

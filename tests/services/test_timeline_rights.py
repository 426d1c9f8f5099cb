"""What a story tells to those from whom fields are hidden: neither their values nor their links."""

from __future__ import annotations

import pytest

from services.mail.shown_addresses import hidden_of
from services.mail.threads import mails_of_thread, threads_of
from services.notifications.reading import list_notifications
from services.people.model import find_user
from services.records.timeline import timeline_of

READING = ["record:read"]
ALL = {"*": {"read": "all"}}
# Whose story → of which type → by which links: each alone is enough to keep the other untold.
WAYS = {
    "account": {
        "contact": ["contact.account_id"],
        "deal": ["deal.account_id"],
        "request": ["request.account_id"],
        "contract": ["contract.account_id"],
        "subscription": ["subscription.account_id"],
        "quote": ["quote.account_id"],
        "order": ["order.account_id"],
        "invoice": ["invoice.account_id"],
    },
    "contact": {"lead": ["lead.contact_id deal.contact_id", "lead.contact_id deal.lead_id"]},
    "deal": {"lead": ["deal.lead_id"]},
}


@pytest.fixture
def petra(staff):
    """Somebody who sees all records, less the fields that a test hides."""
    role = staff.do("role.create", name="Clerk", permissions=READING, records=ALL)
    staff.add_person("petra", roles=(role.key,))

    def hide(*names):
        rights = {}
        for name in names:
            of_type, _, field = name.partition(".")
            rights.setdefault(of_type, {})[field] = "hidden"
        staff.do("role.update", role=role.key, field_rights=rights)
        staff.people["petra"] = staff.ask(
            lambda uow: find_user(uow, "petra@lanewise.example").actor()
        )

    return hide


@pytest.fixture
def keys(staff):
    """A converted lead, and a record of each type that belongs to its account."""
    lead = staff.do("lead.create", "maria", name="Eva Lund", company="Nordlys", email="e@x.example")
    made = staff.do("lead.convert", "maria", lead_id=lead.id)
    of_account = {"account_id": made["account_id"]}
    found = {"lead": lead.id} | {
        name: made[f"{name}_id"] for name in ("account", "contact", "deal")
    }
    for name in ("contract", "subscription", "quote", "order", "invoice"):
        found[name] = staff.do(f"{name}.create", title=f"A {name}", **of_account).id
    found["request"] = staff.do("request.create", subject="Help", **of_account).id
    return found


def told(desk, record_type, key, actor="petra"):
    return desk.ask(timeline_of, record_type, key, actor=actor)


def test_a_story_tells_of_no_other_record_when_the_link_to_it_is_hidden(staff, keys, petra):
    for whose, types in WAYS.items():
        petra()
        everything = {entry.record_type for entry in told(staff, whose, keys[whose])}
        assert everything >= {whose, *types}
        for name, links in types.items():
            for hidden in links:
                petra(*hidden.split())
                seen = {entry.record_type for entry in told(staff, whose, keys[whose])}
                assert seen == everything - {name}, (whose, hidden)


def test_a_story_tells_of_a_lead_by_its_deal_when_its_own_link_is_hidden(staff, keys, petra):
    for whose, hidden in (("account", "lead.account_id"), ("contact", "lead.contact_id")):
        petra(hidden)
        assert "lead" in {entry.record_type for entry in told(staff, whose, keys[whose])}


def test_an_account_tells_nothing_of_its_parts_when_the_tree_is_hidden(staff, petra):
    top = staff.do("account.create", name="Holding")
    staff.do("account.create", name="Part", parent_id=top.id)

    def titles():
        entries = staff.ask(timeline_of, "account", top.id, actor="petra", with_parts=True)
        return {entry.record_title for entry in entries}

    petra()
    assert titles() == {"Holding", "Part"}
    petra("account.parent_id")
    assert titles() == {"Holding"}


def said(desk, record_type, key, actor="petra"):
    return "\n".join(
        f"{entry.title} {entry.body} {entry.details}"
        for entry in told(desk, record_type, key, actor)
    )


def test_a_sentence_is_not_told_when_a_value_in_it_is_hidden(staff, keys, petra):
    contact = {"record_type": "contact", "record_id": keys["contact"]}
    other = staff.do("account.create", name="Otherwise")
    staff.do("contact_point.add", **contact, kind="mail", value="second@x.example")
    staff.do("contact_account.add", contact_id=keys["contact"], account_id=other.id)
    for hidden, secret in (("contact.email", "second@x"), ("contact.account_id", "Otherwise")):
        petra()
        assert secret in said(staff, "contact", keys["contact"])
        petra(hidden)
        assert secret not in said(staff, "contact", keys["contact"])


def test_a_plain_sentence_is_told_when_a_value_of_the_full_one_is_hidden(staff, keys, petra):
    call = staff.do("activity.log", kind="call", subject="Talk", result="Zq", at=None,
                    regarding_type="deal", regarding_id=keys["deal"])  # fmt: skip
    plan = {"metric": "won_amount", "period": "month", "starts_on": "2026-03-01"}
    goal = staff.do("goal.create", "olga", **plan, target="4711", currency="EUR")
    rows = [
        ("deal", keys["deal"], "activity.result", "Zq", "Logged call “Talk”"),
        ("lead", keys["lead"], "lead.deal_id", str(keys["deal"]), "Converted"),
        ("contact", keys["contact"], "lead.contact_id", "from lead", "Created contact “Eva Lund”"),
        ("goal", goal.id, "goal.target", "4,711", "Planned"),
    ]
    for whose, key, hidden, secret, plain in rows:
        petra()
        assert secret in said(staff, whose, key), hidden
        petra(hidden)
        entries = told(staff, whose, key)
        assert plain in {entry.title for entry in entries}, hidden
        assert secret not in said(staff, whose, key), hidden
    shown = [one.details for one in told(staff, "deal", keys["deal"]) if "Talk" in one.title]
    assert shown[0]["activity_id"] == str(call.id)


def test_an_invitation_tells_no_time_when_it_is_hidden(staff, petra):
    petra()
    guest = str(staff.actor("petra").user_id)
    staff.do("activity.create", "maria", kind="meeting", subject="Talk", user_ids=[guest],
             starts_at="2026-03-09T10:00Z")  # fmt: skip
    [invitation] = staff.ask(list_notifications, actor="petra")
    assert invitation.moment is not None
    petra("activity.starts_at")
    [invitation] = staff.ask(list_notifications, actor="petra")
    assert (invitation.record_title, invitation.moment) == ("Talk", None)


def test_a_mail_is_told_without_addresses_when_these_are_hidden(staff, keys, petra):
    about = {"record_type": "contact", "record_id": keys["contact"]}
    staff.do("mail.send", "maria", **about, to="zq@x.example", subject="Hello", body="Dear Eva")
    raw = b"From: zq@x.example\r\nTo: e@x.example\r\nSubject: Re: Hello\r\n\r\nThanks\r\n"
    received = staff.do("mail.receive", raw=raw)
    staff.do("mail.link", mail_id=received["mail_id"], **about)
    of_request = ("request", received["record_id"])

    def seen():
        threads = staff.ask(threads_of, *of_request, actor="petra")
        mails = staff.ask(mails_of_thread, threads[0].id, actor="petra")
        hidden = staff.ask(lambda uow: [hidden_of(uow, one) for one in mails], actor="petra")
        return said(staff, "contact", keys["contact"]), said(staff, *of_request), threads, hidden

    petra()
    assert all("zq@x.example" in str(one) for one in seen()[:3])
    petra("contact.email")
    contact, request, threads, hidden = seen()
    assert "zq@" not in f"{contact}{request}{threads}"
    assert "Sent “Hello” Dear Eva" in contact
    assert "Mail: “Re: Hello” Thanks" in request
    assert all("from_address" in names for names in hidden)

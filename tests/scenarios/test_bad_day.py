"""What goes wrong around the processes is seen, loses nothing, and is done once."""

from sqlalchemy import select

from processes.jobs.incidents import list_incidents
from processes.jobs.worker import drain
from services.mail.loopback import Behaviour
from services.mail.model import Mail

CLIENT = "eva@fjord.example"


def submit_lead(company):
    values = {"name": "Eva Lund", "email": CLIENT, "company": "Fjord AS", "channel": "web"}
    company.act("lead.submit", consent=True, **values)


def open_deal(company):
    """Bring a new deal to where the client's answer to the offer is awaited."""
    contact = company.act(
        "contact.create", "anna", first_name="Eva", last_name="Lund", email=CLIENT
    )
    deal = company.act("deal.create", "anna", name="Windows", contact_id=contact.id)
    needs = {"name": "Forty windows", "amount": 8000, "needs": "Triple glazing"}
    company.work("Clarify needs", "anna", outcome="go_on", deal=needs)
    return deal.id


def try_again(company):
    """Let every attempt that a job has left be made."""
    for _ in range(6):
        drain(company.platform, delayed=True)


def retry(company):
    (found,) = company.ask(list_incidents, actor="olga")
    return company.act("incident.retry", "olga", incident_id=found.id)


def test_an_offer_is_mailed_once_when_the_mail_server_was_down(company):
    company.post.stop()
    deal = open_deal(company)
    try_again(company)
    assert len(company.incidents()) == 1
    assert company.record("deal", deal)["stage"] == "offer"
    company.post.start()
    retry(company)
    assert company.incidents() == []
    assert len(company.mails(CLIENT)) == 1
    company.wait(weeks=1)
    assert company.open_tasks() == ["Talk to the client"]


def test_nobody_decides_for_the_administrator_when_it_is_unknown_whether_a_mail_arrived(company):
    company.post.behaviour = Behaviour.KEEP_SILENT
    open_deal(company)
    try_again(company)
    assert len(company.mails(CLIENT)) == 1
    assert len(company.incidents()) == 1
    company.post.behaviour = Behaviour.ACCEPT
    statement = select(Mail.id).where(Mail.state == "unknown")
    mail = company.ask(lambda uow: uow.session.scalars(statement).one())
    company.act("mail.mark_sent", "olga", mail_id=mail)
    assert company.incidents() == []
    assert len(company.mails(CLIENT)) == 1
    company.wait(weeks=1)
    assert company.open_tasks() == ["Talk to the client"]


def test_the_rest_goes_on_when_a_reminder_fails(company):
    company.post.behaviour = Behaviour.REJECT
    submit_lead(company)
    company.wait(days=1)
    try_again(company)
    assert len(company.incidents()) == 1
    lead = {"name": "Eva Lund", "email": CLIENT}
    company.work("Qualify lead", "anna", lead=lead, outcome="qualified")
    assert company.open_tasks() == ["Clarify needs"]


def test_a_lead_is_found_again_when_nobody_can_take_it(company):
    anna, maria = company.people["anna"], company.people["maria"]
    staff(company, anna, [])
    staff(company, maria, [])
    submit_lead(company)
    assert company.open_tasks() == []
    assert len(company.incidents()) == 1
    staff(company, maria, [maria.user_id])
    retry(company)
    assert company.open_tasks() == ["Qualify lead"]


def staff(company, person, members):
    """Set the members of a person's group."""
    (group,) = person.group_ids
    company.act("group.set_members", "olga", group_id=group, user_ids=members)

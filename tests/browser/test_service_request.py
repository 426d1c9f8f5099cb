"""A question by the web form and an error by mail, from the first word to the last."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import complete, field, open_task
from tests.program import Program, eventually

pytestmark = pytest.mark.browser

ASKER = "nora.vik@havblikk.example"
SENDER = "olaf.moe@sluse.example"
ANSWER = "Use soap and water; nothing that scratches."
INTERNAL = "Sven knows the coating's maker."


def test_an_answer_reaches_the_client_when_a_question_came_by_the_form(
    program: Program,
    open_page: Callable[..., Page],
    sign_in: Callable[..., Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    visitor = open_page(width=375, height=800)
    send_the_form(visitor)
    assert_accessible(visitor)
    expect(stage(visitor)).to_have_text(re.compile("New|In progress"))

    confirmation = eventually(lambda: program.mails(to=ASKER), why="receipt is confirmed")[0]
    assert "Coating of the doors" in text_of(confirmation)
    link = re.search(rf"{program.url}(/status/\S+)", text_of(confirmation))
    assert link is not None

    sven = sign_in("sven")
    open_task(sven, "Answer the question", "Coating of the doors")
    expect(field(sven, "From")).to_have_value("Nora Vik")
    sven.get_by_role("link", name="Open service request").click()
    sven.get_by_label("Note").fill(INTERNAL)
    sven.get_by_role("button", name="Add note").click()
    expect(sven.locator(".lw-timeline")).to_contain_text(INTERNAL)
    open_task(sven, "Answer the question", "Coating of the doors")
    field(sven, "Answered").check()
    field(sven, "Your answer").fill(ANSWER)
    complete(sven)

    answer = eventually(lambda: program.mails(to=ASKER)[1:], why="the answer is mailed")[0]
    assert ANSWER in text_of(answer)
    assert "Coating of the doors" in str(answer["Subject"])
    visitor.goto(link.group(1))
    eventually(lambda: status_of(program, ASKER) == "resolved")
    visitor.reload()
    expect(stage(visitor)).to_have_text("Resolved")
    expect(visitor.get_by_role("heading", name="Our answer")).to_be_visible()
    expect(visitor.get_by_text(ANSWER)).to_be_visible()
    shown = visitor.locator("body").inner_text()
    for secret in (INTERNAL, "Sven", "Aydin", "Priority", "Service\n", "lanewise.example"):
        assert secret not in shown
    assert_accessible(visitor)


def test_production_is_warned_when_an_error_by_mail_waits_too_long(
    program: Program,
    sign_in: Callable[..., Page],
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    assert program.receive_mail(first_mail()) == 202
    eventually(lambda: status_of(program, SENDER) == "in_progress")
    piotr = sign_in("piotr")
    open_task(piotr, "Work on error or wish", "The sluice gate is broken")
    open_the_request(piotr)
    expect(fact(piotr, "Type")).to_have_text("Error")
    expect(fact(piotr, "Priority")).to_have_text("High")
    expect(fact(piotr, "Team")).to_have_text("Production")
    expect(fact(piotr, "First response due")).to_have_text(re.compile("^in [34] hours$"))

    program.advance(hours=4, minutes=1)
    warning = eventually(lambda: late_mails(program), why="the owner is warned")[0]
    assert "piotr@lanewise.example" in str(warning["To"])
    piotr.reload()
    expect(piotr.locator(".lw-timeline")).to_contain_text("The first response is late.")
    expect(fact(piotr, "First response due")).to_have_text(re.compile(r"^(now|\d+ minutes? ago)$"))

    program.advance(days=2)
    eventually(lambda: late_mails(program)[1:], why="a manager is told")
    assert "maria@lanewise.example" in str(late_mails(program)[1]["To"])
    piotr.reload()
    expect(fact(piotr, "Owner")).to_contain_text("Maria Holm")
    expect(fact(piotr, "Team")).to_have_text("Production")

    confirmation = program.mails(to=SENDER)[0]
    assert program.receive_mail(reply_to(confirmation)) == 202
    eventually(lambda: mails_of_request(program) >= 2)
    assert requests_of(program, SENDER) == 1
    piotr.reload()
    newest = piotr.locator(".lw-timeline li").filter(has_text="Mail from Olaf Moe").first
    expect(newest).to_contain_text("It got worse: now it does not close at all.")
    expect(newest).not_to_contain_text("You can follow it here")
    expect(piotr.locator(".djs-container").first).to_be_visible()
    piotr.wait_for_load_state("networkidle")
    picture(piotr, "request")
    assert_accessible(piotr)


def send_the_form(page: Page) -> None:
    page.goto("/form/request")
    page.get_by_label("Your name").fill("Nora Vik")
    page.get_by_label("E-mail").fill(ASKER)
    page.get_by_label("It is").select_option(label="Question")
    page.get_by_label("Subject").fill("Coating of the doors")
    page.get_by_label("What happened?").fill("With what may we clean it?")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/status/**")
    expect(page.get_by_text("We have received your request")).to_be_visible()


def open_the_request(page: Page) -> None:
    page.get_by_role("link", name="Open service request").click()
    page.wait_for_url("**/requests/**")


def stage(page: Page):
    return page.locator(".lw-stage-current span")


def fact(page: Page, name: str):
    row = page.locator(".lw-column-side .lw-facts > div")
    return row.filter(has=page.get_by_text(name, exact=True)).locator("dd")


def first_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Olaf Moe <{SENDER}>"
    mail["To"] = "crm@lanewise.example"
    mail["Subject"] = "The sluice gate is broken"
    mail["Message-ID"] = "<first@sluse.example>"
    mail.set_content("Since last night the gate does not work. Please help us.")
    return mail


def reply_to(received: EmailMessage) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Olaf Moe <{SENDER}>"
    mail["To"] = str(received["Reply-To"] or received["From"])
    mail["Subject"] = f"Re: {received['Subject']}"
    mail["Message-ID"] = "<second@sluse.example>"
    mail["In-Reply-To"] = str(received["Message-ID"])
    quoted = "".join(f"> {line}\n" for line in text_of(received).splitlines())
    mail.set_content(f"It got worse: now it does not close at all.\n\n{quoted}")
    return mail


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def late_mails(program: Program) -> list[EmailMessage]:
    mails = program.mails(to="lanewise.example")
    return [mail for mail in mails if "is late: The sluice gate" in str(mail["Subject"])]


def status_of(program: Program, client: str) -> object:
    return program.scalar(f"SELECT status FROM requests WHERE requester_email = '{client}'")


def requests_of(program: Program, client: str) -> object:
    return program.scalar(f"SELECT count(*) FROM requests WHERE requester_email = '{client}'")


def mails_of_request(program: Program) -> int:
    statement = (
        "SELECT count(*) FROM mails m JOIN requests r ON r.id = m.record_id "
        f"WHERE m.state = 'received' AND r.requester_email = '{SENDER}'"
    )
    return int(str(program.scalar(statement)))

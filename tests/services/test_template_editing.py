"""Templates as data: tried before they count, kept in versions, in several languages."""

from __future__ import annotations

from base64 import b64encode

import pytest
from sqlalchemy import select, update

from services.actors import SYSTEM
from services.audit import AuditEntry
from services.documents.preview import Draft, compare_texts, preview_draft
from services.documents.shipped import seed_templates, shipped_templates
from services.documents.template_model import Template, TemplateKind, TemplateVersion
from services.documents.templates import (
    find_version,
    get_template,
    list_templates,
    offered_templates,
    versions_of,
)
from services.documents.trials import known_values, told_values
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.records.types import get_record
from tests.services.word_files import word_file


def _template(desk, name="offer", language=None, kind=TemplateKind.DOCUMENT):
    return desk.ask(get_template, name, kind, language)


def _create(desk, **values):
    given = {"name": "note", "kind": "document", "title": "Note", "body": "<p>x</p>", **values}
    return desk.do("template.create", **given)


def _numbers(desk, template):
    return [version.number for version in desk.ask(versions_of, template)]


def test_every_text_is_kept_when_a_template_changes(desk):
    offer = _template(desk)
    desk.do("template.update", template_id=offer.id, body="<p>{{ deal.name }}</p>", comment="Short")
    first, second = (desk.ask(find_version, offer.id, number) for number in (1, 2))
    assert (first.body, first.comment) == (offer.body, "As shipped")
    assert (second.body, second.comment) == ("<p>{{ deal.name }}</p>", "Short")
    assert second.made_by_name == SYSTEM.name


def test_no_version_is_made_when_nothing_of_the_text_changes(desk):
    offer = _template(desk)
    desk.do("template.update", template_id=offer.id, body=offer.body, label="Our offer")
    assert _numbers(desk, offer) == [1]
    assert _template(desk).shown_name == "Our offer"


def test_an_earlier_text_is_in_force_again_when_it_is_restored(desk):
    offer = _template(desk)
    desk.do("template.update", template_id=offer.id, title="New", body="<p>1</p>")
    desk.do("template.restore", template_id=offer.id, number=1)
    now = _template(desk)
    assert (now.title, now.body, now.number, now.is_changed) == (offer.title, offer.body, 3, False)
    with pytest.raises(NotFound):
        desk.do("template.restore", template_id=offer.id, number=9)


def test_the_shipped_text_is_in_force_when_a_template_is_reset(desk):
    offer = _template(desk)
    desk.do("template.update", template_id=offer.id, body="<p>1</p>")
    assert _template(desk).is_changed
    desk.do("template.reset", template_id=offer.id)
    assert (_template(desk).body, _template(desk).is_changed) == (offer.body, False)
    with pytest.raises(Conflict, match="your own"):
        desk.do("template.reset", template_id=_create(desk).id)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<p>\n{{ deal.nmae }}", "line 2: there is no value “deal.nmae”; perhaps “deal.name”."),
        ("{% for p in positions %}\n{{ p.price }}", "is not closed by “{% endfor %}”"),
        (
            "{% for p in positions %}\n{{ p.pric }}{% endfor %}",
            "line 2: there is no value “p.pric”",
        ),
        ("{{ organization.nme }}\n{{ x }}", "line 1: there is no value “organization.nme”"),
        ("{{ deal.name | center(9) }}", "line 1: no filter named 'center'."),
        ("{% if deal %}<p>\n{% foo %}", "line 2: encountered unknown tag 'foo'."),
        ("<div>" * 50, "nested deeper"),
        ("x" * 49_000 + "\n{{ range(3) }}", "line 2: a call is not allowed in templates."),
    ],
)
def test_what_is_in_force_stays_when_a_text_is_broken(desk, body, said):
    offer = _template(desk)
    with pytest.raises(Invalid) as caught:
        desk.do("template.update", template_id=offer.id, body=body)
    assert said in caught.value.fields["body"][0]
    assert _template(desk).body == offer.body
    assert _numbers(desk, offer) == [1]


def test_a_title_is_refused_when_it_names_nothing(desk):
    with pytest.raises(Invalid) as caught:
        desk.do("template.update", template_id=_template(desk).id, title="{{ dael.name }}")
    assert "perhaps “deal”" in caught.value.fields["title"][0]


def test_every_shipped_template_names_only_what_there_is(desk):
    for template in desk.ask(list_templates):
        assert not template.is_changed
        draft = Draft(
            TemplateKind(template.kind),
            template.title,
            template.body,
            template.language,
            template.record_types,
        )
        assert not desk.ask(preview_draft, draft, None).problems, template.name


def test_a_language_is_chosen_by_wish_then_by_the_organisation_then_by_age(desk):
    for language in ("de", "nb"):
        _create(desk, name="offer", language=language, title=language)
    assert _template(desk, language="nb").title == "nb"
    assert _template(desk, language="xx").language == "en"
    desk.do("organization.update", language="de")
    assert _template(desk, language="xx").language == "de"
    assert _template(desk, "contract", language="de").language == "en"
    assert _template(desk, language="de").record_types == ["deal"]


def test_a_template_is_refused_when_its_language_is_there_already(desk):
    german = _create(desk, name="offer", language="de")
    with pytest.raises(Invalid, match="already"):
        _create(desk, name="offer", language="de")
    with pytest.raises(Invalid, match="already"):
        desk.do("template.update", template_id=german.id, language="en")
    with pytest.raises(Invalid, match="makes a mail"):
        _create(desk, name="offer_mail", language="de")


def test_labels_and_types_are_shared_when_a_template_has_several_languages(desk):
    german = _create(desk, name="offer", language="de")
    change = {"label": "Angebot", "record_types": ["deal", "lead"]}
    desk.do("template.update", template_id=german.id, **change)
    english = _template(desk, language="en")
    assert (english.label, english.record_types) == ("Angebot", ["deal", "lead"])


def test_templates_are_offered_when_they_are_meant_for_the_type(desk):
    _create(desk, record_types=["lead"])
    everywhere = _create(desk, name="all_of_them")
    desk.do("template.retire", template_id=everywhere.id, is_retired=True)
    kind = TemplateKind.DOCUMENT
    offered = {
        one: [t.name for t in desk.ask(offered_templates, [kind], one)] for one in ("lead", "quote")
    }
    assert offered == {"lead": ["plain_letter", "note"], "quote": ["quote"]}
    with pytest.raises(NotFound):
        _template(desk, "all_of_them")


def test_a_shipped_template_stays_in_use_when_somebody_retires_it(desk):
    with pytest.raises(Conflict, match="shipped processes"):
        desk.do("template.retire", template_id=_template(desk).id, is_retired=True)


def test_a_word_file_takes_the_place_of_html_when_it_is_uploaded(desk):
    offer = _template(desk)
    content = b64encode(word_file("Offer {{ deal.name }}")).decode()
    desk.do("template.update", template_id=offer.id, content=content)
    now = _template(desk)
    assert (now.format, now.body, now.number) == ("docx", "Offer {{ deal.name }}", 2)
    desk.do("template.update", template_id=offer.id, content=content, record_types=["deal"])
    assert _template(desk).number == 2
    desk.do("template.restore", template_id=offer.id, number=1)
    assert _template(desk).format == "html"


def test_a_word_file_is_refused_when_it_names_nothing_or_makes_mails(desk):
    for name, kind, text, said in (
        (
            "offer",
            TemplateKind.DOCUMENT,
            "Dear {{ deal.nmae }}",
            "“Dear {{ deal.nmae }}”: there is",
        ),
        ("offer_mail", TemplateKind.MAIL, "x", "not in Word"),
    ):
        content = b64encode(word_file(text)).decode()
        with pytest.raises(Invalid) as caught:
            desk.do(
                "template.update", template_id=_template(desk, name, kind=kind).id, content=content
            )
        assert said in caught.value.fields["content"][0]


def test_the_audit_names_no_file_when_one_is_uploaded(desk):
    content = b64encode(word_file("Secret words")).decode()
    desk.do("template.update", template_id=_template(desk).id, content=content)
    with desk.platform.session() as session:
        found = select(AuditEntry).where(AuditEntry.operation == "template.update")
        entry = session.scalars(found).one()
    assert "content" not in entry.arguments
    assert entry.changes[0]["fields"]["number"] == [1, 2]


def test_a_newer_text_is_not_overwritten_when_two_edit_at_once(desk):
    offer = _template(desk)
    seen = {"template_id": offer.id, "version": offer.version}
    desk.do("template.update", **seen, body="<p>mine</p>")
    with pytest.raises(Conflict):
        desk.do("template.update", **seen, body="<p>theirs</p>")
    assert _template(desk).body == "<p>mine</p>"


def test_a_release_renews_only_what_nobody_has_changed(desk):
    offer, contract = _template(desk), _template(desk, "contract")
    desk.do("template.update", template_id=contract.id, body="<p>ours</p>")

    def age(uow):
        uow.session.execute(update(Template).values(body="<p>of before</p>", record_field=None))

    desk.ask(age)
    desk.ask(seed_templates)
    assert (_template(desk).body, _template(desk).number) == (offer.body, 2)
    assert _template(desk, "contract").body == "<p>of before</p>"


def test_an_unchanged_template_is_known_as_such_after_an_upgrade(desk):
    desk.ask(lambda uow: uow.session.execute(update(Template).values(is_changed=True)))
    desk.ask(seed_templates)
    assert not any(one.is_changed for one in desk.ask(list_templates))
    assert len(desk.ask(list_templates)) == len(shipped_templates())


def test_a_restart_writes_nothing_when_templates_are_there(desk):
    desk.ask(seed_templates)
    with desk.platform.session() as session:
        assert len(session.scalars(select(TemplateVersion)).all()) == len(shipped_templates())


def test_added_fields_may_be_named_when_an_administrator_has_added_them(desk):
    desk.do("custom_field.create", record_type="deal", label="Plan", kind="text")
    desk.do("template.update", template_id=_template(desk).id, body="{{ deal.c_plan }}")
    assert known_values(["deal"])["deal"].parts["c_plan"].label == "Plan"
    assert "c_plan" not in known_values(["lead"])["lead"].parts


def test_a_preview_shows_a_record_when_one_is_chosen(desk):
    deal = desk.do("deal.create", name="North <wing>", amount=10)
    draft = Draft(
        TemplateKind.MAIL, "About {{ deal.name }}", "<b>{{ deal.name }}</b>", "en", ["deal"]
    )
    shown = desk.ask(lambda uow: preview_draft(uow, draft, get_record(uow, "deal", deal.id)))
    assert (shown.title, shown.html) == ("About North <wing>", "<b>North &lt;wing&gt;</b>")
    paged = Draft(TemplateKind.DOCUMENT, "T", "<hr class='page'>" * 7, "en")
    shown = desk.ask(preview_draft, paged, None)
    assert (len(shown.pages), shown.more_pages) == (5, 3)
    assert shown.pages[0].startswith(b"\x89PNG")


def test_the_lines_that_differ_are_told_when_two_texts_are_compared():
    assert not compare_texts("a\nb", "a\nb")
    lines = [(line.sign, line.text) for line in compare_texts("a\nb\nc", "a\nB\nc")]
    assert lines[1:] == [(" ", "a"), ("-", "b"), ("+", "B"), (" ", "c")]


def test_hidden_values_are_not_told_of_when_somebody_else_may_see_them(staff):
    rights = {"deal": {"amount": "hidden"}}
    permissions = ["template:write", "record:read"]
    whole = {"*": {"read": "all"}}
    role = staff.do(
        "role.create", name="Writer", permissions=permissions, records=whole, field_rights=rights
    )
    staff.add_person("vera", roles=(role.key,), scope="all")
    told = staff.ask(told_values, ["deal"], actor="vera")
    assert "amount" not in told["deal"].parts
    assert "amount" in staff.ask(told_values, ["deal"])["deal"].parts
    with pytest.raises(NotAllowed):
        staff.do("template.update", "anna", template_id=_template(staff).id, title="x")

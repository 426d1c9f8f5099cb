"""The knowledge base: articles, what they said before, their categories, votes and requests."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from services.errors import Conflict, Invalid, NotAllowed, NotFound, StaleVersion
from services.knowledge.finding import ArticleFilter, find_articles, suggest_articles
from services.knowledge.links import articles_of_request, requests_of_article
from services.knowledge.markdown import shorten, to_html, to_text
from services.knowledge.model import Article, ArticleLink
from services.knowledge.tree import category_options
from services.knowledge.versions import compare, versions_of
from services.search.finding import find_records


@pytest.fixture
def write(desk):
    """Write an article, and publish it."""

    def make(title, body="Something.", *, publish=True, **values):
        article = desk.do("article.create", title=title, body=body, **values)
        return desk.do("article.publish", article_id=article.id) if publish else article

    return make


def titles(desk, text, actor=None, **narrowed):
    found = desk.ask(
        suggest_articles, text, ArticleFilter(**narrowed), **({"actor": actor} if actor else {})
    )
    return [one.article.title for one in found]


SHOW = text("SHOW enable_seqscan")


def limit(desk, name, **rights):
    """Add a person who may read and write all, but for some fields of articles."""
    desk.do(
        "role.create",
        name="Limited",
        permissions=["record:read", "record:write"],
        records={"*": {"read": "all", "update": "all"}},
        field_rights={"article": rights},
    )
    desk.add_person(name, roles=("limited",), scope="all")


def test_each_text_is_kept_when_an_article_is_changed(desk, write):
    article = write("Paper jam", "Open it.")
    desk.do("article.update", article_id=article.id, body="Open the flap.")
    desk.do("article.update", article_id=article.id, language="tr")
    versions = desk.ask(lambda uow: versions_of(uow, uow.get(Article, article.id)))
    assert [(one.number, one.body) for one in versions] == [(2, "Open the flap."), (1, "Open it.")]


def test_a_version_is_taken_up_again_when_it_is_restored(desk, write):
    article = write("Paper jam", "Open it.")
    desk.do("article.update", article_id=article.id, body="Hit it.")
    restored = desk.do("article.restore_version", article_id=article.id, number=1)
    versions = desk.ask(lambda uow: versions_of(uow, uow.get(Article, article.id)))
    assert restored.body == "Open it."
    assert [(one.number, one.restored_number) for one in versions] == [(3, 1), (2, None), (1, None)]


def test_a_change_is_refused_when_another_came_between(desk, write):
    article = write("Paper jam", "Open it.")
    desk.do("article.update", article_id=article.id, body="Mine.", version=article.version)
    with pytest.raises(StaleVersion) as refused:
        desk.do("article.update", article_id=article.id, body="Late.", version=article.version)
    assert [change["new"] for change in refused.value.changes] == ["Mine."]


def test_a_published_article_is_left_alone_by_those_who_may_not_publish(desk, write):
    desk.add_person("petra")
    article = write("Paper jam")
    draft = desk.do("article.create", "petra", title="Mine")
    assert desk.do("article.update", "petra", article_id=draft.id, body="x").body == "x"
    with pytest.raises(NotAllowed, match="published"):
        desk.do("article.update", "petra", article_id=article.id, body="x")
    with pytest.raises(NotAllowed):
        desk.do("article.publish", "petra", article_id=draft.id)


def test_a_published_article_stays_when_somebody_deletes_it_who_may_not_publish(desk, write):
    desk.add_person("anna")
    draft, published = write("Draft", publish=False), write("Published")
    desk.do("record.delete", "anna", record_type="article", record_id=draft.id)
    with pytest.raises(NotAllowed, match="may publish"):
        desk.do("record.delete", "anna", record_type="article", record_id=published.id)
    desk.do("record.delete", record_type="article", record_id=published.id)
    with pytest.raises(NotAllowed, match="may publish"):
        desk.do("record.restore", "anna", record_type="article", record_id=published.id)


def test_an_article_without_text_is_not_published(desk):
    article = desk.do("article.create", title="Empty")
    with pytest.raises(Conflict, match="Write a text"):
        desk.do("article.publish", article_id=article.id)


def test_status_events_are_told_once_when_an_article_is_published_twice(desk, write):
    article = write("Paper jam")
    desk.do("article.publish", article_id=article.id)
    desk.do("article.archive", article_id=article.id)
    told = [name for name in desk.events() if name.startswith("article.")]
    assert told == ["article.created", "article.published", "article.archived"]


def test_the_text_is_compared_by_words_when_a_line_changes():
    pieces = compare("Open the flap.\nClose it.\n", "Open the lid.\nClose it.\n")
    assert [(one.kind, one.text) for one in pieces] == [
        ("same", "Open the "),
        ("removed", "flap"),
        ("added", "lid"),
        ("same", ".\nClose it.\n"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<p onclick=alert(1)>",
        "[x](javascript:alert(1))",
        '<img src="https://spy.example/x">',
        "![x](https://spy.example/x)",
        "<j@vascript:alert(1)>",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
    ],
)
def test_nothing_runs_or_is_fetched_when_markdown_is_shown(text):
    html = to_html(text)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert "<p onclick" not in html


def test_headings_stand_below_the_pages_own_when_markdown_is_shown():
    assert to_html("# One\n\n- a\n- **b**") == (
        "<h3>One</h3>\n<ul>\n<li>a</li>\n<li><strong>b</strong></li>\n</ul>\n"
    )


def test_markdown_becomes_plain_text_when_it_goes_into_an_answer():
    assert to_text("# Jam\n\n1. Open **it**\n2. [Close](https://x.example)") == (
        "Jam\n\n- Open it\n- Close (https://x.example)"
    )


def test_the_place_of_the_word_is_shown_when_it_stands_late():
    assert shorten("word " * 100 + "needle", ["needle"]).endswith("needle")


def test_the_article_about_it_comes_first_when_others_share_words(desk, write):
    write("Printer shows an error after the update", "Update the printer's driver.")
    write("Invoices are printed twice", "Look at the settings of the printer.")
    write("Holiday calendar", "When the office is closed.")
    found = titles(desk, "My printer doesn't print after yesterday's update!")
    assert found == ["Printer shows an error after the update"]


def test_a_word_is_found_in_another_form_when_it_begins_alike(desk, write):
    write("Замена картриджа", "Откройте крышку.")
    write("Yazıcı bağlantısı", "Kabloyu takın.")  # noqa: RUF001 - Turkish
    assert titles(desk, "как заменить картридж") == ["Замена картриджа"]
    turkish = titles(desk, "yazıcıların bağlantı sorunu")  # noqa: RUF001
    assert turkish == ["Yazıcı bağlantısı"]  # noqa: RUF001


def test_a_word_is_found_when_it_stands_late_in_a_long_text(desk, write):
    write("Handbook", " ".join(f"word{number}" for number in range(1_000)) + " defibrillator")
    assert titles(desk, "defibrillator") == ["Handbook"]
    assert [hit.title for hit in desk.ask(find_records, "defibrillator")] == ["Handbook"]


def test_only_published_articles_are_suggested(desk, write):
    write("Paper jam A", publish=False)
    archived = write("Paper jam B")
    desk.do("article.archive", article_id=archived.id)
    deleted = write("Paper jam C")
    desk.do("record.delete", record_type="article", record_id=deleted.id)
    assert titles(desk, "paper jam") == []


def test_what_is_internal_is_not_found_when_it_is_for_clients(desk, write):
    write("Paper jam for us")
    write("Paper jam for all", visibility="portal")
    assert titles(desk, "paper jam", visibility="portal") == ["Paper jam for all"]


def test_the_more_helpful_article_comes_first_when_words_tell_nothing(desk, write):
    better, _ = write("Paper jam"), write("Paper jam")
    for name in ("anna", "boris", "carl"):
        desk.add_person(name)
        desk.do("article.vote", name, article_id=better.id, is_helpful=True)
    found = desk.ask(find_articles, "paper jam")
    assert found[0].article.id == better.id


def test_hidden_words_are_not_found_when_the_text_is_hidden(desk, write):
    write("Paper jam", "Secret lever.")
    desk.do(
        "role.create",
        name="Blind",
        permissions=["record:read"],
        records={"*": {"read": "all"}},
        field_rights={"article": {"body": "hidden"}},
    )
    desk.add_person("petra", roles=("blind",))
    assert titles(desk, "paper jam", "petra") == ["Paper jam"]
    assert titles(desk, "secret lever", "petra") == []


def test_the_text_is_not_handed_out_when_it_is_hidden(desk, write):
    article = write("Paper jam", "Secret lever.", visibility="portal")
    request = desk.do("request.create", subject="Help", requester_name="X")
    limit(desk, "petra", body="hidden")
    assert desk.do("article.find", "petra", text="paper jam")["body"] is None
    with pytest.raises(NotAllowed, match="text of articles"):
        desk.do("article.insert", "petra", article_id=article.id, request_id=request.id)


def test_a_version_is_not_taken_up_when_a_field_of_it_is_closed(desk, write):
    article = write("Paper jam", "Open it.", publish=False)
    desk.do("article.update", article_id=article.id, body="Hit it.")
    limit(desk, "petra", body="read")
    with pytest.raises(NotAllowed, match="Text"):
        desk.do("article.restore_version", "petra", article_id=article.id, number=1)


@pytest.mark.parametrize("number", [0, 2, 10**12])
def test_no_version_is_found_when_there_is_none_of_its_number(desk, number):
    article = desk.do("article.create", title="Paper jam")
    with pytest.raises(NotFound, match="no version"):
        desk.do("article.restore_version", article_id=article.id, number=number)


def test_a_version_without_text_is_not_taken_up_when_the_article_is_published(desk):
    article = desk.do("article.create", title="Paper jam")
    desk.do("article.update", article_id=article.id, body="Open it.")
    desk.do("article.publish", article_id=article.id)
    with pytest.raises(Conflict, match="needs a text"):
        desk.do("article.restore_version", article_id=article.id, number=1)


def test_a_diagram_gets_the_best_article_when_it_asks(desk, write):
    article = write("Paper jam", "Open it.")
    found = desk.do("article.find", text="A paper jam again")
    assert (found["found"], found["article_id"], found["body"]) == (1, article.id, "Open it.")
    assert desk.do("article.find", text="!!!")["article_id"] is None


def test_few_statements_are_asked_when_articles_are_suggested(desk, write):
    write("Paper jam")
    with desk.counting() as statements:
        titles(desk, "paper jam")
    assert len([one for one in statements if one.startswith(("SELECT", "WITH"))]) == 2


def test_other_records_count_nothing_when_they_have_the_words(desk, write):
    write("Paper jam")
    before = [one.score for one in desk.ask(find_articles, "paper jam")]
    desk.do("deal.create", name="Paper jam")
    assert [one.score for one in desk.ask(find_articles, "paper jam")] == before


def test_whole_words_and_keywords_count_when_articles_begin_alike(desk, write):
    write("Printers at home")
    write("Printing at home")
    assert titles(desk, "printers") == ["Printers at home", "Printing at home"]
    write("At home", keywords="printing")
    write("In the office", "Printing.")
    found = titles(desk, "printing")
    assert found.index("At home") < found.index("In the office")


def test_the_plans_of_later_statements_are_as_before_when_articles_were_found(desk, write):
    write("Paper jam")
    setting = desk.ask(lambda uow: (find_articles(uow, "jam"), uow.session.scalar(SHOW))[1])
    assert setting == "on"


def test_a_person_has_one_vote_when_it_thinks_better_of_it(desk, write):
    desk.add_person("anna")
    article = write("Paper jam")
    desk.do("article.vote", "anna", article_id=article.id, is_helpful=True)
    told = desk.do("article.vote", "anna", article_id=article.id, is_helpful=False)
    assert (told["helpful"], told["unhelpful"]) == (0, 1)
    told = desk.do("article.vote", "anna", article_id=article.id)
    assert (told["helpful"], told["unhelpful"]) == (0, 0)


def test_an_article_is_put_into_the_answer_once(desk, write):
    article = write("Paper jam", "Open **it**.", visibility="portal")
    other = desk.do("request.create", subject="Other")
    desk.do("article.link", article_id=article.id, request_id=other.id)
    request = desk.do("request.create", subject="Jam", answer="Dear Anna,")
    keys = {"article_id": article.id, "request_id": request.id}
    desk.do("article.insert", **keys)
    with pytest.raises(Conflict, match="already"):
        desk.do("article.insert", **keys)
    answer, links = desk.ask(
        lambda uow: (
            uow.get(type(request), request.id).answer,
            articles_of_request(uow, request),
        )
    )
    assert answer == "Dear Anna,\n\nOpen it."
    assert [(link.inserted_at is not None, one.id) for link, one in links] == [(True, article.id)]
    [(linked, _)] = desk.ask(articles_of_request, other)
    assert linked.inserted_at is None


def test_an_internal_article_stays_out_of_answers(desk, write):
    article = write("Paper jam")
    request = desk.do("request.create", subject="Jam")
    with pytest.raises(Conflict, match="colleagues only"):
        desk.do("article.insert", article_id=article.id, request_id=request.id)


def test_requests_of_others_are_not_told_when_an_article_names_its_requests(desk, write):
    petra = desk.add_person("petra", scope="own")
    article = write("Paper jam")
    mine = desk.do("request.create", subject="Mine", owner_id=petra.user_id)
    other = desk.do("request.create", subject="Other")
    for request in (mine, other):
        desk.do("article.link", article_id=article.id, request_id=request.id)
    seen = desk.ask(requests_of_article, article, actor="petra")
    assert [request.subject for request in seen] == ["Mine"]
    with pytest.raises(NotFound):
        desk.do("article.unlink", "petra", article_id=article.id, request_id=other.id)


def test_one_link_is_made_when_two_link_at_once(desk, write):
    article = write("Paper jam")
    request = desk.do("request.create", subject="Jam")
    keys = {"article_id": article.id, "request_id": request.id}
    both = [threading.Thread(target=lambda: desk.do("article.link", **keys)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(desk.ask(lambda uow: uow.session.query(ArticleLink).all())) == 1


def test_articles_move_up_when_their_category_is_deleted(desk, write):
    top = desk.do("article_category.create", name="Printers")
    part = desk.do("article_category.create", name="Jams", parent_id=top.id)
    article = write("Paper jam", category_id=part.id)
    desk.do("article_category.delete", category_id=part.id)
    assert desk.ask(lambda uow: uow.get(Article, article.id).category_id) == top.id


def test_a_category_does_not_become_a_part_of_itself(desk):
    top = desk.do("article_category.create", name="Printers")
    part = desk.do("article_category.create", name="Jams", parent_id=top.id)
    with pytest.raises(Invalid, match="part of itself"):
        desk.do("article_category.update", category_id=top.id, parent_id=part.id)
    with pytest.raises(Invalid, match="already"):
        desk.do("article_category.create", name="jams", parent_id=top.id)
    assert [name for _, name in desk.ask(category_options)] == ["Printers", "\u2003Jams"]

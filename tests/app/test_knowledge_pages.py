"""The pages of the knowledge base."""

from __future__ import annotations

import pytest

from services.actors import SYSTEM
from services.operations import run


@pytest.fixture
def do(platform):
    """Run one operation in a transaction of its own."""

    def work(name, /, **raw):
        return platform.transact(SYSTEM, lambda uow: run(uow, name, raw))

    return work


@pytest.fixture
def article(do):
    made = do(
        "article.create",
        title="Door does not close",
        body="# Hinges\n\nTurn **them**. <script>alert(1)</script>",
        visibility="portal",
    )
    return do("article.publish", article_id=made.id)


def test_an_article_is_shown_as_text_when_it_is_opened(browse, article):
    page = browse("employee").get(f"/articles/{article.id}").text
    assert "<h3>Hinges</h3>" in page
    assert "<strong>them</strong>" in page
    assert "<script>alert" not in page
    assert f"/articles/{article.id}/edit" not in page


def test_no_article_is_offered_for_deletion_to_whom_it_is_refused(browse, article):
    address = f"/articles/{article.id}"
    assert f"{address}/delete" not in browse("employee").get(address).text
    assert f"{address}/delete" in browse("administrator").get(address).text


def test_the_place_of_the_knowledge_base_is_marked_when_an_article_is_open(browse, article):
    page = browse("employee").get(f"/articles/{article.id}").text
    assert '<a class="lw-place" href="/knowledge" aria-current="page"' in page


def test_a_text_is_shown_as_its_readers_will_see_it_when_it_is_written(browse, article):
    author = browse("administrator")
    assert 'hx-post="/knowledge/preview"' in author.get(f"/articles/{article.id}/edit").text
    shown = author.post("/knowledge/preview", body="**Bold** <script>alert(1)</script>").text
    assert "<strong>Bold</strong>" in shown
    assert "<script>" not in shown


def test_an_article_is_found_when_one_of_its_words_is_asked_for(browse, article):
    browser = browse("employee")
    assert "Door does not close" in browser.get("/knowledge?q=closing+doors").text
    assert "Nothing found" in browser.get("/knowledge?q=windows").text


def test_a_request_gets_the_text_when_an_article_is_inserted(browse, do, article):
    request = do("request.create", subject="The door won't close")
    browser = browse("administrator")
    assert "Door does not close" in browser.get(f"/knowledge/for/{request.id}").text
    browser.post(f"/knowledge/for/{request.id}/insert", article_id=str(article.id))
    assert "Turn them." in browser.get(f"/requests/{request.id}").text
    assert "In the answer" in browser.get(f"/knowledge/for/{request.id}").text


def test_both_texts_are_shown_when_two_edit_an_article_at_once(browse, do, article):
    do("article.update", article_id=article.id, body="Theirs.")
    sent = {"title": article.title, "body": "Mine.", "version": str(article.version)}
    page = browse("administrator").post(f"/articles/{article.id}/edit", **sent)
    assert page.status_code == 409
    assert "Saved now: Theirs." in page.text
    assert ">Mine.</textarea>" in page.text


def test_words_are_marked_and_taken_up_again_when_versions_are_compared(browse, do, article):
    do("article.update", article_id=article.id, body="Lift it.")
    browser, url = browse("administrator"), f"/knowledge/articles/{article.id}/versions"
    assert "<ins>Lift" in browser.get(url).text
    browser.post(url, number="1")
    assert "<strong>them</strong>" in browser.get(f"/articles/{article.id}").text


def test_a_vote_is_taken_back_when_it_is_given_twice(browse, article):
    browser = browse("employee")
    browser.post(f"/knowledge/articles/{article.id}/vote", is_helpful="true")
    page = browser.get(f"/articles/{article.id}").text
    assert 'aria-pressed="true"' in page
    assert 'name="is_helpful" value=""' in page


def test_a_category_is_offered_to_articles_when_it_is_made(browse):
    browser = browse("administrator")
    browser.post("/knowledge/categories", name="Doors", parent_id="", position="0")
    assert "Doors" in browser.get("/knowledge/categories").text
    assert ">Doors</option>" in browser.get("/articles/new").text

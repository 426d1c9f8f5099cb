"""Sessions in cookies that were found sound before."""

from datetime import timedelta

import pytest
from flask import Flask, session

from app.cookies import KnownCookies


@pytest.fixture
def browser():
    app = Flask("cookies")
    app.secret_key = "a secret"
    app.session_interface = KnownCookies(app)
    app.add_url_rule("/seen", view_func=lambda: list(session.get("seen", ())))
    app.add_url_rule("/begin", view_func=begin)
    app.add_url_rule("/forget-it", view_func=change_for_nothing)
    found = app.test_client()
    found.get("/begin")
    return found


def begin():
    session["seen"] = ["a"]
    return ""


def change_for_nothing():
    session["seen"].append("b")  # in place, so that no cookie is sent
    return ""


def test_a_cookie_is_read_again_when_it_comes_again(browser):
    assert [browser.get("/seen").json for _ in range(2)] == [["a"], ["a"]]


def test_a_known_cookie_holds_nothing_when_it_is_too_old(browser):
    browser.get("/seen")
    browser.application.permanent_session_lifetime = timedelta(seconds=-1)
    assert browser.get("/seen").json == []


def test_a_known_cookie_holds_what_it_held_when_a_request_has_changed_its_copy(browser):
    browser.get("/forget-it")
    assert browser.get("/seen").json == ["a"]


def test_a_cookie_holds_nothing_when_its_signature_is_another(browser):
    sound = browser.get_cookie("session").value
    browser.set_cookie("session", sound[:-2] + ("AA" if sound[-2:] != "AA" else "BB"))
    assert browser.get("/seen").json == []

"""Signing in and out, and how long a session lasts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import create_app
from app.auth import safe_target
from services.actors import SYSTEM
from services.audit import AuditEntry
from services.operations import run
from tests.app.conftest import PASSWORD, PEOPLE, Browser

EMAIL = PEOPLE["employee"][0]


def is_signed_in(browser):
    return browser.client.get("/profile").status_code == 200


def test_a_session_begins_when_address_and_password_fit(visitor):
    response = visitor.sign_in(EMAIL)
    assert response.headers["Location"] == "/"
    assert is_signed_in(visitor)


def test_sign_in_goes_where_one_wanted_to_go(visitor):
    visitor.get("/sign-in?next=/leads?q=a")
    response = visitor.post("/sign-in?next=/leads?q=a", email=EMAIL, password=PASSWORD)
    assert response.headers["Location"] == "/leads?q=a"


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "leads",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "https://elsewhere.example/",
        "/\t/elsewhere.example",
        "javascript:alert(1)",
    ],
)
def test_sign_in_never_leaves_the_site_when_the_target_is_odd(app, target):
    with app.test_request_context():
        assert safe_target(target) == "/"


def test_unknown_and_wrong_answer_alike(visitor):
    visitor.get("/sign-in")
    unknown = visitor.post("/sign-in", email="nobody@lanewise.example", password=PASSWORD)
    wrong = visitor.post("/sign-in", email=EMAIL, password="not this one")
    assert unknown.status_code == wrong.status_code == 401
    assert "The e-mail address or the password is wrong." in unknown.text
    assert "The e-mail address or the password is wrong." in wrong.text


def test_a_new_session_begins_at_sign_in(visitor):
    visitor.get("/sign-in")
    before = visitor.client.get_cookie("lanewise").value
    with visitor.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    visitor.post("/sign-in", email=EMAIL, password=PASSWORD)
    with visitor.client.session_transaction() as session:
        assert "planted" not in session
    assert visitor.client.get_cookie("lanewise").value != before


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor):
    visitor.get("/sign-in")
    response = visitor.post("/sign-in", email=EMAIL, password=PASSWORD)
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith("lanewise="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_cookie_is_bound_to_host_and_https_in_production(
    platform_with, people, session_clock, front_end
):
    app = create_app(
        platform_with(environment="production"), session_clock=session_clock, front_end=front_end
    )
    response = app.test_client().get("/sign-in", base_url="https://lanewise.test")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-lanewise=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "max-age=31536000" in response.headers["Strict-Transport-Security"]


def test_a_session_ends_when_it_was_idle_for_too_long(browse, session_clock):
    browser = browse("employee")
    session_clock.advance(timedelta(hours=7, minutes=59))
    assert is_signed_in(browser)
    session_clock.advance(timedelta(hours=8, minutes=1))
    assert not is_signed_in(browser)


def test_a_session_ends_after_a_week_however_busy_it_was(browse, session_clock):
    browser = browse("employee")
    for _ in range(7 * 24 // 6):
        assert is_signed_in(browser)
        session_clock.advance(timedelta(hours=6))
    session_clock.advance(timedelta(minutes=1))
    assert not is_signed_in(browser)


def test_moving_the_platform_clock_signs_nobody_out(browse, clock):
    browser = browse("employee")
    clock.advance(timedelta(days=30))
    assert is_signed_in(browser)


def test_signing_out_ends_the_person_s_other_sessions_too(app, browse):
    browser, elsewhere = browse("employee"), browse("employee")
    copied = browser.client.get_cookie("lanewise").value
    assert browser.post("/sign-out").headers["Location"] == "/sign-in"
    thief = Browser(app.test_client())
    thief.client.set_cookie("lanewise", copied)
    assert not any(is_signed_in(one) for one in (browser, elsewhere, thief))


def test_switching_a_person_off_ends_its_sessions(platform, people, browse):
    browser = browse("employee")
    arguments = {"user_id": people["employee"], "active": False}
    platform.transact(SYSTEM, lambda uow: run(uow, "user.update", arguments))
    assert not is_signed_in(browser)


def test_a_new_password_ends_all_sessions_but_this_one(browse):
    browser, elsewhere = browse("employee"), browse("employee")
    changed = browser.post(
        "/profile/password",
        current_password=PASSWORD,
        new_password="a much longer secret",
        repeated="a much longer secret",
    )
    assert changed.headers["Location"] == "/profile"
    assert is_signed_in(browser)
    assert not is_signed_in(elsewhere)


def test_a_new_password_is_refused_when_its_repetition_differs(browse):
    response = browse("employee").post(
        "/profile/password",
        current_password=PASSWORD,
        new_password="a much longer secret",
        repeated="a much longer secrte",
    )
    assert response.status_code == 422
    assert "The two don&#39;t match." in response.text


def test_guessing_one_account_from_one_address_is_stopped(visitor):
    visitor.get("/sign-in")
    for _ in range(10):
        assert visitor.post("/sign-in", email=EMAIL, password="guess").status_code == 401
    refused = visitor.post("/sign-in", email=EMAIL, password=PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60


@pytest.mark.parametrize("door", ["/sign-in", "/api/v1/token"])
def test_a_wrong_password_is_audited_at_either_door(app, visitor, platform, door):
    visitor.get("/sign-in")
    if door == "/sign-in":
        visitor.post(door, email=EMAIL, password="guess")
    else:
        app.test_client().post(door, json={"email": EMAIL, "password": "guess"})
    with platform.session() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.refused)).all()
    assert (entry.operation, entry.record_type, entry.address) == (
        "user.sign_in",
        "user",
        "127.0.0.1",
    )


def test_guessing_from_everywhere_stops_strangers_but_not_the_owner(app, browse):
    owner = browse("employee")
    owner.post("/sign-out")
    stranger = Browser(app.test_client())
    stranger.get("/sign-in")
    for attempt in range(50):
        place = {"REMOTE_ADDR": f"192.0.2.{attempt}"}
        data = {"csrf_token": stranger.csrf, "email": EMAIL, "password": "guess"}
        stranger.client.post("/sign-in", data=data, environ_overrides=place)
    place = {"REMOTE_ADDR": "198.51.100.7"}
    data = {"csrf_token": stranger.csrf, "email": EMAIL, "password": PASSWORD}
    refused = stranger.client.post("/sign-in", data=data, environ_overrides=place)
    assert refused.status_code == 429
    assert owner.sign_in(EMAIL).status_code == 302


def test_guessing_at_the_token_door_counts_like_at_the_page(app, visitor):
    for _ in range(10):
        app.test_client().post("/api/v1/token", json={"email": EMAIL, "password": "guess"})
    visitor.get("/sign-in")
    assert visitor.post("/sign-in", email=EMAIL, password=PASSWORD).status_code == 429

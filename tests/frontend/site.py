"""A small site that shows every piece of the layout and every island under our security policy."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import (
    Flask,
    Response,
    flash,
    g,
    jsonify,
    render_template,
    render_template_string,
    request,
)
from jinja2 import FileSystemLoader

from app.assets import init_assets
from app.layout import init_layout

HERE = Path(__file__).parent
NOW = datetime.now(UTC)
POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"
)
PLACES = {
    "inbox": ["index"],
    "notifications": ["index"],
    "leads": ["index"],
    "deals": ["index"],
    "requests": ["index"],
    "accounts": ["index"],
    "contacts": ["index"],
    "start": ["index"],
    "quotes": ["index"],
    "orders": ["index"],
    "invoices": ["index"],
    "products": ["index"],
    "price-lists": ["index"],
    "processes": ["index"],
    "admin": [
        "deployments",
        "instances",
        "incidents",
        "people",
        "calendars",
        "service_levels",
    ],
    "auth": ["sign_out", "profile"],
}


class Person:
    """Somebody who may open every page."""

    name = "Ada Lovelace"


def create_site() -> Flask:
    """Build the site; what its pages post is answered as the application would."""
    site = Flask("lanewise-pages", root_path=str(HERE))
    site.secret_key = "pages"
    templates = [HERE / "pages", HERE.parents[1] / "app" / "templates"]
    site.jinja_loader = FileSystemLoader(templates)
    init_assets(site)
    init_layout(site)
    site.jinja_env.globals.update(
        csrf_token=lambda: "token-of-tests",
        csp_nonce=nonce,
        opens=lambda endpoint: endpoint in site.view_functions,
        may=lambda _permission: False,
        added_kinds=list,
        added_place=lambda: None,
    )
    site.context_processor(lambda: {"current_user": Person(), "inbox_count": 12, "now": NOW})
    add_places(site)
    add_pages(site)
    add_answers(site)
    site.after_request(guard)
    return site


def nonce() -> str:
    """Return this request's nonce, made on first use."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(12)
    return str(g.nonce)


def guard(response: Response) -> Response:
    """Put the policy on every answer."""
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce())
    return response


def add_places(site: Flask) -> None:
    """Register the endpoints that the layout links to."""
    for blueprint, names in PLACES.items():
        for name in names:
            path = f"/{blueprint}" if name == "index" else f"/{blueprint}/{name}"
            site.add_url_rule(path, f"{blueprint}.{name}", blank, methods=["GET", "POST"])
    site.add_url_rule("/leads/<int:lead_id>", "leads.show", blank)


def blank(lead_id: int = 0) -> str:
    """Answer with a page that holds nothing but its name."""
    return render_template("blank.html", title=request.endpoint, lead_id=lead_id)


def add_pages(site: Flask) -> None:
    """Register the pages under /show/."""

    @site.get("/show/<name>")
    def show(name: str) -> str:
        if request.args.get("flash"):
            flash("Lead saved.", "good")
            flash("The mail could not be delivered.", "bad")
        return render_template(f"{name}.html", **samples())

    @site.get("/part/<name>")
    def part(name: str) -> str:
        return render_template_string(PARTS[name], **samples())


def add_answers(site: Flask) -> None:
    """Register what islands talk to: /answer/<status> answers with that status."""

    @site.route("/answer/<int:status>", methods=["POST", "PUT"])
    def answer(status: int) -> tuple[Response, int]:
        site.config.setdefault("RECEIVED", []).append(
            {"json": request.get_json(silent=True), "csrf": request.headers.get("X-CSRFToken")}
        )
        return jsonify(ANSWERS[status]), status

    @site.put("/draft")
    def draft() -> tuple[Response, int]:
        status = site.config.get("DRAFT_STATUS", 200)
        body = request.get_json()
        site.config.setdefault("DRAFTS", []).append(body)
        if status == 200:
            return jsonify(version=body["version"] + 1), 200
        return jsonify(detail="Grace Hopper saved it at 14:03."), status

    @site.post("/check")
    def check() -> Response:
        return jsonify(
            errors=[WRONG],
            warnings=[{"element": None, "message": "The process has no description."}],
        )

    @site.post("/deploy")
    def deploy() -> tuple[Response, int]:
        site.config["DEPLOYED"] = request.get_json()
        if site.config.get("REFUSE"):
            return jsonify(detail="Refused", errors=[WRONG]), 422
        return jsonify(redirect="/processes"), 200

    @site.get("/templates.json")
    def templates() -> Response:
        return jsonify(json.loads((HERE / "templates.json").read_text(encoding="utf-8")))


PARTS = {
    "empty": "<p>Closed.</p>",
    "form": '{% import "layout/macros.html" as m %}{{ m.datetime(events[0].at) }}'
    '{{ m.island("form", {"schema": form, "submit_url": "/answer/200", "key": "task"}) }}',
}
WRONG = {
    "element": "Task_Offer",
    "line": 12,
    "message": "No operation is called “document.make”.",
    "advice": "Pick a business step.",
}
ANSWERS: dict[int, dict[str, Any]] = {
    200: {"redirect": "/inbox"},
    403: {"title": "Not allowed", "detail": "Only the sales group may do this."},
    409: {"title": "Conflict", "detail": "Grace Hopper has completed this task a moment ago."},
    422: {"title": "Invalid", "errors": {"budget": ["Must be at least 100."]}},
}


def samples() -> dict[str, Any]:
    """Return the data that the pages show."""
    names = [
        "Northwind Traders",
        "Økern Bygg AS",
        "Contoso Logistics",
        "Улаанбаатар Групп",
        "Kappa",
    ]
    states = ["new", "qualified", "won", "lost", "waiting"]
    owners = ["Grace Hopper", "Alan Turing", None, "Edsger Dijkstra", "Barbara Liskov"]
    leads = [
        {
            "id": index,
            "name": names[index % 5],
            "state": states[index % 5],
            "owner": owners[index % 5],
            "value": Decimal("12500.50") * (index + 1),
            "due": NOW + timedelta(hours=9 * index - 20),
            "created_at": NOW - timedelta(days=3 * index, hours=2),
        }
        for index in range(12)
    ]
    events = [
        {
            "at": NOW - timedelta(minutes=4),
            "title": "Stage changed to Offer",
            "by": "Grace Hopper",
            "icon": "flag",
            "tone": "accent",
        },
        {
            "at": NOW - timedelta(hours=5),
            "title": "Mail sent",
            "by": "Deal process",
            "icon": "mail",
            "text": "Your offer\nKind regards",
        },
        {
            "at": NOW - timedelta(days=2),
            "title": "Deal won",
            "icon": "trophy",
            "tone": "good",
            "url": "#",
        },
        {
            "at": NOW - timedelta(days=40),
            "title": "Lead created",
            "by": "Web form",
            "icon": "world",
        },
    ]
    stages = [
        {"name": "Needs", "state": "past", "days": 3},
        {"name": "Offer", "state": "past", "days": 11},
        {"name": "Negotiation", "state": "current", "days": 2},
        {"name": "Contract", "state": "future"},
        {"name": "Won", "state": "future"},
    ]
    form = json.loads((HERE / "form.json").read_text(encoding="utf-8"))
    xml = (HERE / "deal.bpmn").read_text(encoding="utf-8")
    return {
        "leads": leads,
        "events": events,
        "stages": stages,
        "form": form,
        "xml": xml,
        "undrawn": (HERE / "undrawn.bpmn").read_text(encoding="utf-8"),
    }

"""Lists and pages of all record types: one set of views, a blueprint a type."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response
from flask.typing import ResponseReturnValue

from app.records import actions, edit, lists, pages
from app.records.kinds import KINDS, RecordKind
from app.views import view
from services.actors import Permission
from services.files import get_document
from services.unit_of_work import UnitOfWork

_READ = Permission.RECORD_READ
_WRITE = Permission.RECORD_WRITE


def register(app: Flask) -> None:
    """Add the pages of every record type, and what they share."""
    for kind in KINDS.values():
        app.register_blueprint(_blueprint(kind))
    shared = Blueprint("records", __name__)
    shared.add_url_rule("/pick/<record_type>", "pick", view(_READ)(edit.pick))
    app.register_blueprint(shared)
    documents = Blueprint("documents", __name__, url_prefix="/documents")
    documents.add_url_rule("/<uuid:key>", "download", view(_READ)(download))
    app.register_blueprint(documents)


def download(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Send a document as a file; nothing that came from outside is shown in the page."""
    document = get_document(uow, key)
    response = Response(document.content, mimetype=document.content_type)
    response.headers.set("Content-Disposition", "attachment", filename=document.name)
    return response


def _blueprint(kind: RecordKind) -> Blueprint:
    """Return the routes of one record type."""
    blueprint = Blueprint(kind.place, __name__, url_prefix=f"/{kind.place}")

    def add(rule: str, name: str, function: Any) -> None:
        blueprint.add_url_rule(rule, name, view(_READ)(partial(function, kind)))

    def add_form(rule: str, name: str, function: Any) -> None:
        blueprint.add_url_rule(rule, name, view(_WRITE)(partial(function, kind)))

    def add_post(rule: str, name: str, function: Any, again: Any = actions.explain) -> None:
        run_view = view(_WRITE, again=partial(again, kind))(partial(function, kind))
        blueprint.add_url_rule(rule, name, run_view, methods=["POST"])

    add("", "index", lists.show_list)
    add("/bin", "bin", lists.show_bin)
    add("/<uuid:key>", "show", pages.show)
    add("/<uuid:key>/timeline", "timeline", pages.older_timeline)
    add_form("/new", "new", edit.show_new)
    add_form("/<uuid:key>/edit", "edit", edit.show_edit)
    add_post("/new", "create", edit.create, edit.show_new)
    add_post("/<uuid:key>/edit", "update", edit.update, edit.show_edit)
    add_post("/<uuid:key>/do/<action>", "act", actions.act)
    add_post("/<uuid:key>/step", "move", actions.move)
    add_post("/<uuid:key>/delete", "delete", actions.delete)
    add_post("/<uuid:key>/restore", "restore", actions.restore, actions.explain_in_bin)
    add_post("/<uuid:key>/notes", "note", actions.note)
    add_post("/<uuid:key>/owner", "assign", actions.assign)
    add_post("/<uuid:key>/documents", "make_document", actions.make_document)
    add_post("/<uuid:key>/mails", "send_mail", actions.send_mail)
    return blueprint

"""Lists and pages of all record types: one set of views, a blueprint a type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response
from flask.typing import ResponseReturnValue

from app.records import (
    actions,
    composer,
    doubles,
    edit,
    history,
    lists,
    made,
    many,
    pages,
    picking,
    sales_lines,
)
from app.records.added import by_place, init_added_kinds
from app.records.bulk_changes import bulk_blueprint
from app.records.kind import RecordKind
from app.records.kinds import KINDS
from app.records.lead_conversion import conversion_blueprint
from app.records.list_state import matching_text
from app.records.saved_views import views_blueprint
from app.records.titles import record_label, record_url, sought
from app.views import view
from services.actors import Permission
from services.documents.files import get_document
from services.unit_of_work import UnitOfWork

_READ = Permission.RECORD_READ


def register(app: Flask) -> None:
    """Add the pages of every record type, and what they share."""
    init_added_kinds(app)
    app.jinja_env.globals.update(
        record_url=record_url,
        record_label=record_label,
        sought=sought,
        can_convert=made.can_convert,
        matching_text=matching_text,
    )
    for kind in KINDS.values():
        if not kind.type.is_added:
            app.register_blueprint(_blueprint(kind))
    app.register_blueprint(_added_blueprint())
    app.register_blueprint(conversion_blueprint())
    shared = Blueprint("records", __name__)
    shared.add_url_rule("/pick/<record_type>", "pick", view(_READ)(picking.pick))
    app.register_blueprint(shared)
    app.register_blueprint(views_blueprint())
    app.register_blueprint(bulk_blueprint())
    documents = Blueprint("documents", __name__, url_prefix="/documents")
    documents.add_url_rule("/<uuid:key>", "download", view(_READ)(download))
    app.register_blueprint(documents)


def download(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Send a document as a file; nothing that came from outside is shown in the page."""
    document = get_document(uow, key)
    response = Response(document.content, mimetype=document.content_type)
    response.headers.set("Content-Disposition", "attachment", filename=document.name)
    return response


@dataclass(frozen=True, slots=True)
class _Routes:
    """Adds the routes of one record type to its blueprint; of all added types if it is None."""

    kind: RecordKind | None
    blueprint: Blueprint

    @property
    def write(self) -> Permission:
        """What changing a record asks for."""
        return Permission.RECORD_WRITE if self.kind is None else self.kind.write

    def bind(self, function: Any) -> Any:
        """Return ``function`` for the kind that it is about."""
        return by_place(function) if self.kind is None else partial(function, self.kind)

    def read(self, rule: str, name: str, function: Any) -> None:
        """Add a page for those who may read."""
        run_view = view(_READ)(self.bind(function))
        self.blueprint.add_url_rule(rule, name, run_view)

    def form(self, rule: str, name: str, function: Any) -> None:
        """Add a page for those who may write."""
        run_view = view(self.write)(self.bind(function))
        self.blueprint.add_url_rule(rule, name, run_view)

    def post(
        self,
        rule: str,
        name: str,
        function: Any,
        again: Any = actions.explain,
        permission: Permission | None = None,
    ) -> None:
        """Add what changes something; ``again`` answers a refusal."""
        decided = view(permission or self.write, again=self.bind(again))
        run_view = decided(self.bind(function))
        self.blueprint.add_url_rule(rule, name, run_view, methods=["POST"])


def _blueprint(kind: RecordKind) -> Blueprint:
    """Return the routes of one record type."""
    blueprint = Blueprint(kind.place, __name__, url_prefix=f"/{kind.place}")
    routes = _Routes(kind, blueprint)
    _add_pages(routes)
    if kind.lines:
        show, save = sales_lines.show_lines, sales_lines.save_lines
        routes.form("/<uuid:key>/lines", "lines", show)
        routes.post("/<uuid:key>/lines", "save_lines", save, show)
    if kind.has_doubles:
        _add_doubles(routes)
    return blueprint


def _added_blueprint() -> Blueprint:
    """Return the routes of all types that administrators have added."""
    blueprint = Blueprint("x", __name__, url_prefix="/x/<place>")
    routes = _Routes(None, blueprint)
    _add_pages(routes)
    _add_doubles(routes)
    return blueprint


def _add_pages(routes: _Routes) -> None:
    routes.read("", "index", lists.show_list)
    routes.read("/bin", "bin", lists.show_bin)
    routes.read("/<uuid:key>", "show", pages.show)
    routes.read("/<uuid:key>/timeline", "timeline", pages.older_timeline)
    routes.form("/new", "new", edit.show_new)
    routes.form("/<uuid:key>/edit", "edit", edit.show_edit)
    routes.post("/new", "create", edit.create, edit.show_new)
    routes.post("/<uuid:key>/edit", "update", edit.update, edit.show_edit)
    routes.post("/many", "many", many.show_many, many.show_many)
    routes.post("/many/do", "change_many", many.change_many, many.show_many)
    routes.post("/<uuid:key>/do/<action>", "act", actions.act)
    routes.post("/<uuid:key>/step", "move", actions.move)
    routes.post("/<uuid:key>/delete", "delete", actions.delete)
    routes.post("/<uuid:key>/restore", "restore", actions.restore, actions.explain_in_bin)
    routes.read("/<uuid:key>/history", "history", history.show_history)
    routes.post("/<uuid:key>/notes", "note", actions.note)
    routes.post("/<uuid:key>/log", "log", composer.log)
    routes.post("/<uuid:key>/plan", "plan", composer.plan)
    routes.post("/<uuid:key>/tags", "tag", composer.tag)
    routes.post("/<uuid:key>/tags/remove", "untag", composer.untag)
    routes.post("/<uuid:key>/owner", "assign", actions.assign)
    routes.post("/<uuid:key>/shares", "share", actions.share)
    routes.post("/<uuid:key>/shares/<uuid:other>/end", "unshare", actions.unshare)
    routes.read("/<uuid:key>/documents", "documents", made.show_documents)
    routes.post("/<uuid:key>/documents", "make_document", made.make_document)
    routes.post("/<uuid:key>/documents/<uuid:other>/pdf", "make_pdf", made.make_pdf)
    routes.post("/<uuid:key>/files", "add_file", made.add_file)
    routes.post("/<uuid:key>/files/<uuid:other>/delete", "delete_file", made.delete_file)
    routes.post("/<uuid:key>/files/<uuid:other>/restore", "restore_file", made.restore_file)
    routes.post("/<uuid:key>/mails", "send_mail", actions.send_mail)


def _add_doubles(routes: _Routes) -> None:
    routes.read("/similar", "similar", doubles.similar)
    routes.read("/doubles", "pairs", doubles.show_pairs)
    routes.read("/<uuid:key>/doubles", "doubles", doubles.show_doubles)
    routes.form("/<uuid:key>/merge/<uuid:other>", "compare", doubles.compare)
    routes.post("/<uuid:key>/merge/<uuid:other>", "merge", doubles.merge)
    routes.post("/<uuid:key>/unmerge", "unmerge", doubles.unmerge)
    routes.post("/<uuid:key>/doubles/<uuid:other>/apart", "tell_apart", doubles.tell_apart)
    routes.post("/<uuid:key>/doubles/take-back", "take_back", doubles.take_back)
    explain, manage = doubles.explain_in_pairs, Permission.DATA_MANAGE
    routes.post("/doubles/dismiss", "dismiss", doubles.dismiss, explain)
    routes.post("/doubles/dismiss-chosen", "dismiss_chosen", doubles.dismiss_chosen, explain)
    routes.post("/doubles/bring-back", "bring_back", doubles.bring_back, explain)
    routes.post("/doubles/scan", "scan", doubles.scan, explain, manage)
    routes.post("/doubles/cancel", "cancel_scan", doubles.cancel_scan, explain, manage)

"""The categories of articles: made, named, moved and deleted."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.views import view
from services.actors import Permission
from services.errors import LanewiseError
from services.knowledge.finding import ANY, count_by_category
from services.knowledge.tree import category_options, category_tree
from services.operations import run
from services.unit_of_work import UnitOfWork

_FIELDS = ("name", "parent_id", "position")


def add_routes(blueprint: Blueprint) -> None:
    """Add the page of categories."""
    write = Permission.KNOWLEDGE_WRITE
    blueprint.add_url_rule("/categories", "categories", view(write)(index))
    for rule, name, function in (
        ("/categories", "create_category", create),
        ("/categories/<uuid:key>", "update_category", update),
        ("/categories/<uuid:key>/delete", "delete_category", delete),
    ):
        decided = view(write, again=_explain)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the tree of categories."""
    return render_template(
        "knowledge/categories.html",
        tree=category_tree(uow),
        counts=count_by_category(uow, ANY),
        options=[(str(key), name) for key, name in category_options(uow)],
    )


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Make a category."""
    run(uow, "article_category.create", form_arguments(_FIELDS))
    return _back()


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Rename a category, or move it."""
    run(uow, "article_category.update", {"category_id": str(key), **form_arguments(_FIELDS)})
    flash("Saved.", "good")
    return _back()


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Delete a category; what it holds moves up."""
    run(uow, "article_category.delete", {"category_id": str(key)})
    flash("Deleted.", "good")
    return _back()


def _explain(_uow: UnitOfWork, error: LanewiseError, **_others: object) -> ResponseReturnValue:
    """Say on the page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for("knowledge.categories"))

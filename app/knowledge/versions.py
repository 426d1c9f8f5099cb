"""The page of an article's versions: two of them side by side, and taking one up again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.views import view
from services.actors import Permission
from services.errors import LanewiseError
from services.knowledge.model import ARTICLE, Article, ArticleVersion
from services.knowledge.rules import may_change
from services.knowledge.versions import KEPT, compare, versions_of
from services.operations import run
from services.unit_of_work import UnitOfWork

_RULE: Final = "/articles/<uuid:key>/versions"


def add_routes(blueprint: Blueprint) -> None:
    """Add the page of an article's versions."""
    blueprint.add_url_rule(_RULE, "versions", view(Permission.RECORD_READ)(show))
    decided = view(Permission.RECORD_WRITE, again=show)(restore)
    blueprint.add_url_rule(_RULE, "restore", decided, methods=["POST"])


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show what two versions of an article say differently: the last two if none are asked."""
    article = uow.get(Article, key)
    found = versions_of(uow, article)
    after = _asked(found, "to") or found[0]
    before = _asked(found, "from") or next(
        (one for one in found if one.number < after.number), after
    )
    fields = [field for field in uow.readable_fields(ARTICLE) if field.name in KEPT]
    return render_template(
        "knowledge/versions.html",
        article=article,
        versions=found,
        before=before,
        after=after,
        changes=[
            (field.label, compare(getattr(before, field.name), getattr(after, field.name)))
            for field in fields
            if getattr(before, field.name) != getattr(after, field.name)
        ],
        may_restore=uow.actor.may(Permission.RECORD_WRITE) and may_change(uow, article),
        error=None if error is None else reason_of(error),
    )


def restore(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take a version up again."""
    given = form_arguments(("number", "version"))
    run(uow, "article.restore_version", {"article_id": str(key), **given})
    flash(f"Version {given.get('number', '')} is taken up again.", "good")
    return redirect(url_for("articles.show", key=key))


def _asked(versions: Sequence[ArticleVersion], name: str) -> ArticleVersion | None:
    number = request.args.get(name, type=int)
    return next((one for one in versions if one.number == number), None)

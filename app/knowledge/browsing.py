"""The page by which articles are looked up, and what their readers say of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.forms import reason_of
from app.views import view
from services.actors import Permission
from services.errors import LanewiseError
from services.knowledge.finding import (
    ArticleFilter,
    count_by_category,
    find_articles,
    newest_articles,
    telling_words,
)
from services.knowledge.markdown import shorten, to_html
from services.knowledge.model import ARTICLE, LANGUAGES, VISIBILITIES
from services.knowledge.tree import CategoryNode, category_tree
from services.operations import run
from services.unit_of_work import UnitOfWork

_SHOWN: Final = 30
_PREVIEWED: Final = 200_000
"""Characters of a text."""


def add_routes(blueprint: Blueprint) -> None:
    """Add the page of all published articles."""
    read = Permission.RECORD_READ
    blueprint.add_url_rule("", "index", view(read)(index))
    shown = view(Permission.RECORD_WRITE)(preview)
    blueprint.add_url_rule("/preview", "preview", shown, methods=["POST"])
    decided = view(read, again=_explain)(vote)
    blueprint.add_url_rule("/articles/<uuid:key>/vote", "vote", decided, methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """Show what is found, or what changed last, in one category or in all."""
    text, tree = request.args.get("q", "").strip(), category_tree(uow)
    chosen = _chosen(tree)
    narrowed = ArticleFilter(
        category_ids=chosen.below if chosen else (),
        language=_one_of(request.args.get("language"), LANGUAGES),
        visibility=_one_of(request.args.get("visibility"), VISIBILITIES),
    )
    if text:
        found = find_articles(uow, text, narrowed, limit=_SHOWN)
    else:
        found = newest_articles(uow, narrowed, limit=_SHOWN)
    words, sees_text = telling_words(text), uow.readable_field(ARTICLE, "body") is not None
    everywhere = replace(narrowed, category_ids=())
    return render_template(
        "knowledge/index.html",
        text=text,
        found=found,
        snippets={
            one.article.id: shorten(one.article.body or "", words) if sees_text else ""
            for one in found
        },
        tree=tree,
        chosen=chosen,
        paths={node.id: " / ".join(node.path) for node in tree},
        counts=_with_below(tree, count_by_category(uow, everywhere)),
        language=narrowed.language or "",
        visibility=narrowed.visibility or "",
        languages=list(LANGUAGES.items()),
        visibilities=list(VISIBILITIES.items()),
        is_cut=len(found) == _SHOWN,
    )


def preview(_uow: UnitOfWork) -> ResponseReturnValue:
    """Show a text that is being written as its readers will see it; nothing is kept."""
    html = to_html(request.form.get("body", "")[:_PREVIEWED])
    return render_template("knowledge/preview.html", html=Markup(html))  # noqa: S704 - it is cleaned


def vote(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Say whether an article has helped, or take that back."""
    said = request.form.get("is_helpful", "")
    run(uow, "article.vote", {"article_id": str(key), "is_helpful": said})
    flash("Thank you." if said else "Your vote is taken back.", "good")
    return redirect(url_for("articles.show", key=key))


def _explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    """Say on the article's page why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for("articles.show", key=key))


def _chosen(tree: list[CategoryNode]) -> CategoryNode | None:
    asked = request.args.get("category")
    return next((node for node in tree if str(node.id) == asked), None)


def _one_of(value: str | None, choices: dict[str, str]) -> str | None:
    return value if value in choices else None


def _with_below(tree: list[CategoryNode], own: Counter[UUID | None]) -> dict[UUID, int]:
    """Return how many articles each category holds together with those below it."""
    return {node.id: sum(own[key] for key in node.below) for node in tree}

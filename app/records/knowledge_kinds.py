"""How articles of the knowledge base are shown."""

from __future__ import annotations

from typing import Final

from app.records.article_page import load_page
from app.records.kind import Action, OwnPage, RecordKind
from services.knowledge.rules import may_change

ARTICLE_KIND: Final = RecordKind(
    record_type="article",
    place="articles",
    icon="notes",
    columns=("category_id", "language", "visibility", "status", "owner_id", "updated_at"),
    subtitle=("category_id", "visibility", "language"),
    create_fields=("title", "body", "category_id", "keywords", "language", "visibility"),
    filters=("status", "visibility", "language"),
    step_field="status",
    ends=("archived",),
    bad_ends=("archived",),
    actions=(
        Action(
            "publish",
            "article.publish",
            "Publish",
            "check",
            "The article is published.",
            unless=frozenset({"published"}),
            tone="primary",
        ),
        Action(
            "withdraw",
            "article.withdraw",
            "Back to draft",
            "arrow-back-up",
            "The article is a draft again.",
            unless=frozenset({"draft"}),
        ),
        Action(
            "archive",
            "article.archive",
            "Archive",
            "archive",
            "The article is archived.",
            unless=frozenset({"draft", "archived"}),
        ),
    ),
    own=OwnPage(
        load_page,
        head="knowledge/article_head.html",
        menu="knowledge/article_menu.html",
        bar="knowledge/article_bar.html",
        side="knowledge/article_side.html",
        main="knowledge/article_main.html",
        shown=("body",),
        may_change=may_change,
        previews={"body": "knowledge.preview"},
    ),
)

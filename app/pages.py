"""What every page may ask for: the actor's rights, and how much waits in the inbox."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, request

from processes.tasks.inbox import count_tasks
from services.actors import Permission, Scope, Verb


def init_pages(app: Flask) -> None:
    """Give templates ``may`` and, in whole pages, ``inbox_count``."""
    app.context_processor(_page_context)


def _page_context() -> dict[str, Any]:
    """Return what a template that is rendered in a view's transaction may ask for."""
    uow = g.get("uow")
    if uow is None:
        return {"may": lambda _permission: False}
    context: dict[str, Any] = {
        "may": lambda name: uow.actor.may(Permission(name)),
        "may_do": lambda verb, record: uow.may_do(Verb(verb), record),
        "sees": lambda kind, name: name not in uow.actor.hidden_fields(kind),
        "reads": lambda kind: uow.actor.reach(kind) is not Scope.NONE,
        "seen_fields": uow.readable_fields,
    }
    # Fragments that htmx swaps in have no side bar, and the public has no inbox.
    if uow.actor.user_id is not None and "HX-Request" not in request.headers:
        context["inbox_count"] = count_tasks(uow)["mine"]
    return context

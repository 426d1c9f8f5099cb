"""Personal data: the way to purposes, retention and erasures."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.views import view
from services.actors import Permission
from services.unit_of_work import UnitOfWork


def add_routes(blueprint: Blueprint) -> None:
    """Add the page of personal data."""
    blueprint.add_url_rule("/privacy", "privacy", view(Permission.DATA_MANAGE)(index))


def index(_uow: UnitOfWork) -> ResponseReturnValue:
    """Show what there is to look after."""
    return render_template("admin/privacy.html")

"""Pages of segments, campaigns and what customers are worth, beyond those of all records."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Flask

from app.marketing import campaigns, choosing, segments, values
from app.views import View, view
from services.actors import Permission


def register(app: Flask) -> None:
    """Add the pages, and tell lists what they can do with segments."""
    blueprint = Blueprint("marketing", __name__, url_prefix="/marketing")
    read, write = Permission.RECORD_READ, Permission.RECORD_WRITE
    pages: tuple[tuple[str, str, Permission, View], ...] = (
        ("/of/account/<uuid:key>", "of_account", read, partial(segments.belongs, "account")),
        ("/of/contact/<uuid:key>", "of_contact", read, partial(segments.belongs, "contact")),
        ("/of/lead/<uuid:key>", "of_lead", read, partial(segments.belongs, "lead")),
        ("/choose/<record_type>", "choose", write, choosing.choose),
        ("/campaigns/<uuid:key>/members", "members", read, campaigns.members),
        ("/values", "values", read, values.show),
    )
    for rule, name, decision, function in pages:
        blueprint.add_url_rule(rule, name, view(decision)(function))
    manage = Permission.DATA_MANAGE
    changes: tuple[tuple[str, str, Permission, View, View], ...] = (
        ("/keep/<record_type>", "keep", write, segments.keep, segments.explain_keeping),
        ("/segments/<uuid:key>/filter", "set_filter", write, segments.set_filter, segments.explain),
        ("/segments/<uuid:key>/do/<verb>", "act_segment", write, segments.act, segments.explain),
        ("/choose/<record_type>", "put", write, choosing.put, choosing.choose),
        (
            "/campaigns/<uuid:key>/do/<verb>",
            "act_campaign",
            write,
            campaigns.act,
            campaigns.explain,
        ),
        ("/values", "measure", manage, values.measure, values.show),
        ("/values/<group>", "keep_group", write, values.keep_group, values.explain),
    )
    for rule, name, decision, function, again in changes:
        decided = view(decision, again=again)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)
    app.jinja_env.globals["segment_tools"] = segments.segment_tools

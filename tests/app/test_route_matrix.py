"""Who may call what: every route, generated from the application's own list of routes."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from app.views import Audience, UndecidedRouteError, check_decisions, decision_of
from services.actors import ROLE_PERMISSIONS, Permission, Role
from services.operations import all_operations

PUBLIC, SIGNED_IN, SECRET = Audience.PUBLIC, Audience.SIGNED_IN, Audience.SECRET
READ, WRITE = Permission.RECORD_READ, Permission.RECORD_WRITE
OPERATE, DEPLOY = Permission.INSTANCE_OPERATE, Permission.PROCESS_DEPLOY
SEE, DRAW = Permission.PROCESS_READ, Permission.PROCESS_DRAFT
MANAGE, PROFILE, WORK = Permission.USER_MANAGE, Permission.PROFILE_WRITE, Permission.TASK_WORK

RECORD_PLACES = (
    "leads",
    "deals",
    "requests",
    "accounts",
    "contacts",
    "activities",
    "articles",
    "segments",
    "campaigns",
)
RECORD_ROUTES = {
    "index": READ,
    "bin": READ,
    "show": READ,
    "timeline": READ,
    "new": WRITE,
    "edit": WRITE,
    "create": WRITE,
    "update": WRITE,
    "many": WRITE,
    "change_many": WRITE,
    "act": WRITE,
    "delete": WRITE,
    "restore": WRITE,
    "move": WRITE,
    "history": READ,
    "log": WRITE,
    "note": WRITE,
    "plan": WRITE,
    "tag": WRITE,
    "untag": WRITE,
    "assign": WRITE,
    "share": WRITE,
    "unshare": WRITE,
    "documents": READ,
    "make_document": WRITE,
    "make_pdf": WRITE,
    "add_file": WRITE,
    "delete_file": WRITE,
    "restore_file": WRITE,
    "send_mail": WRITE,
}
SALES_PLACES = ("quotes", "orders", "invoices", "contracts", "subscriptions")
CATALOGUE_PLACES = ("products", "price-lists")
CATALOGUE = Permission.CATALOGUE_WRITE
PLANNING_PLACES = {"goals": Permission.GOAL_WRITE, "territories": Permission.TERRITORY_WRITE}
KNOWLEDGE = Permission.KNOWLEDGE_WRITE
LOYALTY = Permission.LOYALTY_MANAGE
DOUBLES_PLACES = ("leads", "accounts", "contacts", "deals", "requests", "x")
DOUBLES_ROUTES = {
    "similar": READ,
    "pairs": READ,
    "doubles": READ,
    "compare": WRITE,
    "merge": WRITE,
    "unmerge": WRITE,
    "dismiss": WRITE,
    "dismiss_chosen": WRITE,
    "bring_back": WRITE,
    "tell_apart": WRITE,
    "take_back": WRITE,
    "scan": Permission.DATA_MANAGE,
    "cancel_scan": Permission.DATA_MANAGE,
}
RECORD_API = {
    "list": READ,
    "search": READ,
    "get": READ,
    "timeline": READ,
    "history": READ,
    "tags": READ,
    "threads": READ,
    "create": WRITE,
    "update": WRITE,
}

# Written by hand on purpose: a route that is not listed here fails, whatever it allows.
DECISIONS = {
    "admin.bin": Permission.DATA_MANAGE,
    "admin.set_bin_days": Permission.DATA_MANAGE,
    "admin.calendar": Permission.CALENDAR_WRITE,
    "admin.calendars": Permission.CALENDAR_WRITE,
    "admin.change_migration": OPERATE,
    "admin.command_instance": OPERATE,
    "admin.create_calendar": Permission.CALENDAR_WRITE,
    "admin.create_group": MANAGE,
    "admin.create_person": MANAGE,
    "admin.create_service_level": Permission.SLA_WRITE,
    "admin.delete_calendar": Permission.CALENDAR_WRITE,
    "admin.delete_service_level": Permission.SLA_WRITE,
    "admin.delete_message": OPERATE,
    "admin.create_section": Permission.LAYOUT_WRITE,
    "admin.delete_section": Permission.LAYOUT_WRITE,
    "admin.move_section": Permission.LAYOUT_WRITE,
    "admin.new_section": Permission.LAYOUT_WRITE,
    "admin.order_section": Permission.LAYOUT_WRITE,
    "admin.section": Permission.LAYOUT_WRITE,
    "admin.update_section": Permission.LAYOUT_WRITE,
    "admin.deployments": DEPLOY,
    "admin.element": OPERATE,
    "admin.group": MANAGE,
    "admin.incidents": OPERATE,
    "admin.instance": OPERATE,
    "admin.instances": OPERATE,
    "admin.leave": MANAGE,
    "admin.leaving": MANAGE,
    "admin.new_calendar": Permission.CALENDAR_WRITE,
    "admin.delete_job": OPERATE,
    "admin.jobs": OPERATE,
    "admin.messages": OPERATE,
    "admin.migrate": OPERATE,
    "admin.migration": OPERATE,
    "admin.migrations": OPERATE,
    "admin.new_migration": OPERATE,
    "admin.new_person": MANAGE,
    "admin.new_service_level": Permission.SLA_WRITE,
    "admin.people": MANAGE,
    "admin.person": MANAGE,
    "admin.create_role": MANAGE,
    "admin.end_role": MANAGE,
    "admin.new_role": MANAGE,
    "admin.retry_incident": OPERATE,
    "admin.rights": MANAGE,
    "admin.role": MANAGE,
    "admin.roles": MANAGE,
    "admin.update_role": MANAGE,
    "admin.retry_job": OPERATE,
    "admin.service_level": Permission.SLA_WRITE,
    "admin.service_levels": Permission.SLA_WRITE,
    "admin.send_message": OPERATE,
    "admin.set_members": MANAGE,
    "admin.set_variable": OPERATE,
    "admin.settle_mail": OPERATE,
    "admin.switch_person": MANAGE,
    "admin.try_migration": OPERATE,
    "admin.update_calendar": Permission.CALENDAR_WRITE,
    "admin.update_person": MANAGE,
    "admin.update_service_level": Permission.SLA_WRITE,
    "admin.upload": DEPLOY,
    **dict.fromkeys(
        [
            "admin.templates",
            "admin.template",
            *(
                f"admin.{verb}_template"
                for verb in ("new", "create", "update", "preview", "restore", "reset", "retire")
            ),
            *(f"admin.template_{what}" for what in ("records", "versions", "file")),
        ],
        Permission.TEMPLATE_WRITE,
    ),
    **dict.fromkeys(
        [
            f"admin.{name}"
            for name in (
                "layout",
                "new_type",
                "type",
                "create_type",
                "update_type",
                "retire_type",
                "restore_type",
                "fields",
                "new_field",
                "field",
                "create_field",
                "update_field",
                "move_field",
                "retire_field",
                "restore_field",
                "delete_field",
            )
        ],
        Permission.LAYOUT_WRITE,
    ),
    "admin.create_tag": Permission.DATA_MANAGE,
    **dict.fromkeys(
        [
            "admin.duplicates",
            *(
                f"admin.{verb}_duplicate_rule"
                for verb in ("new", "create", "update", "delete", "restore", "try", "try_changed")
            ),
            "admin.duplicate_rule",
        ],
        Permission.DATA_MANAGE,
    ),
    "admin.delete_tag": Permission.DATA_MANAGE,
    "admin.merge_tag": Permission.DATA_MANAGE,
    "admin.tags": Permission.DATA_MANAGE,
    "admin.update_tag": Permission.DATA_MANAGE,
    **dict.fromkeys(
        [
            f"admin.{name}"
            for name in (
                "privacy",
                "retention",
                "set_retention",
                "purposes",
                "new_purpose",
                "purpose",
                "create_purpose",
                "update_purpose",
                "archive_purpose",
                "restore_purpose",
            )
        ],
        Permission.DATA_MANAGE,
    ),
    "agenda.calendar": READ,
    "agenda.diary": READ,
    "agenda.index": READ,
    "agenda.invite": WRITE,
    "agenda.move": WRITE,
    "agenda.respond": WRITE,
    "agenda.send_invitations": Permission.MAIL_SEND,
    "agenda.settle": WRITE,
    "agenda.uninvite": WRITE,
    "series.delete": WRITE,
    "series.end": WRITE,
    "series.repeat": WRITE,
    "admin.act_pipeline": Permission.PIPELINE_WRITE,
    "admin.act_stage": Permission.PIPELINE_WRITE,
    "admin.create_lost_reason": Permission.PIPELINE_WRITE,
    "admin.create_pipeline": Permission.PIPELINE_WRITE,
    "admin.create_stage": Permission.PIPELINE_WRITE,
    "admin.delete_lost_reason": Permission.PIPELINE_WRITE,
    "admin.new_stage": Permission.PIPELINE_WRITE,
    "admin.pipeline": Permission.PIPELINE_WRITE,
    "admin.pipelines": Permission.PIPELINE_WRITE,
    "admin.stage": Permission.PIPELINE_WRITE,
    "admin.update_lost_reason": Permission.PIPELINE_WRITE,
    "admin.update_pipeline": Permission.PIPELINE_WRITE,
    "admin.update_stage": Permission.PIPELINE_WRITE,
    "api.docs": PUBLIC,
    "api.openapi": PUBLIC,
    "api_accounts.contacts": READ,
    "api_accounts.points": READ,
    "api_contacts.accounts": READ,
    "api_contacts.points": READ,
    "api_deals.contacts": READ,
    "api_deals.positions": READ,
    "api_deals.team": READ,
    **dict.fromkeys(
        (
            *("api_quotes.lines", "api_orders.lines", "api_invoices.lines", "api_contracts.lines"),
            *("api_invoices.payments", "api_subscriptions.lines", "api_subscriptions.periods"),
            "api_subscriptions.changes",
        ),
        READ,
    ),
    "api_currency_rates.list": READ,
    "api_number_series.list": CATALOGUE,
    "api_prices.answer": READ,
    "api_prices.get": READ,
    "api_prices.list": READ,
    "api_leads.points": READ,
    "api_lost_reasons.list": READ,
    "api_pipelines.list": READ,
    "api_record_types.get": READ,
    "api_record_types.list": READ,
    "api_tags.list": READ,
    "api_threads.get": READ,
    "api_views.get": READ,
    "api_views.list": READ,
    "api_calendars.get": Permission.CALENDAR_WRITE,
    "api_calendars.list": Permission.CALENDAR_WRITE,
    "api_deployments.deploy": DEPLOY,
    "api_deployments.list": SEE,
    "api_bulk_changes.get": WRITE,
    "api_bulk_changes.list": WRITE,
    "api_exports.file": Permission.DATA_EXPORT,
    "api_exports.get": Permission.DATA_EXPORT,
    "api_exports.list": Permission.DATA_EXPORT,
    "api_imports.get": Permission.DATA_IMPORT,
    "api_imports.list": Permission.DATA_IMPORT,
    "api_imports.refused": Permission.DATA_IMPORT,
    "api_imports.rows": Permission.DATA_IMPORT,
    "api_incidents.list": OPERATE,
    "api_incidents.retry": OPERATE,
    "api_instances.add_token": OPERATE,
    "api_instances.cancel": OPERATE,
    "api_instances.cancel_token": OPERATE,
    "api_instances.get": SIGNED_IN,
    "api_instances.history": OPERATE,
    "api_instances.list": OPERATE,
    "api_instances.migrate": OPERATE,
    "api_instances.move_token": OPERATE,
    "api_instances.plan_migration": OPERATE,
    "api_instances.restart": OPERATE,
    "api_instances.resume": OPERATE,
    "api_instances.set_variables": OPERATE,
    "api_instances.start": Permission.PROCESS_START,
    "api_instances.suspend": OPERATE,
    "api_jobs.delete": OPERATE,
    "api_jobs.list": OPERATE,
    "api_jobs.retry": OPERATE,
    "api_messages.correlate": OPERATE,
    "api_messages.delete": OPERATE,
    "api_messages.list": OPERATE,
    "api_migrations.get": OPERATE,
    "api_migrations.list": OPERATE,
    "api_migrations.resume": OPERATE,
    "api_migrations.stop": OPERATE,
    "api_migrations.undo": OPERATE,
    "api_operations.list": SIGNED_IN,
    "api_operations.run_by_name": SIGNED_IN,
    "api_processes.activate": OPERATE,
    "api_processes.diagram": SEE,
    "api_processes.list": SEE,
    "api_processes.resume_instances": OPERATE,
    "api_processes.suspend": OPERATE,
    "api_processes.suspend_instances": OPERATE,
    "api_processes.versions": SEE,
    "api_request_promises.get": READ,
    "api_search.find": READ,
    "api_signals.broadcast": OPERATE,
    "api_sla_policies.get": Permission.SLA_WRITE,
    "api_sla_policies.list": Permission.SLA_WRITE,
    "api_tasks.assign": Permission.TASK_ASSIGN,
    "api_tasks.claim": WORK,
    "api_tasks.complete": WORK,
    "api_tasks.get": SIGNED_IN,
    "api_tasks.list": SIGNED_IN,
    "api_tasks.unclaim": WORK,
    "api_token.create": SECRET,
    "assets.file": PUBLIC,
    "auth.change_password": PROFILE,
    "auth.create_token": PROFILE,
    "auth.enter": PUBLIC,
    "auth.profile": SIGNED_IN,
    "auth.revoke_token": PROFILE,
    "auth.sign_in": PUBLIC,
    "auth.sign_out": SIGNED_IN,
    "board.ask": WRITE,
    "board.forecast": READ,
    "board.index": READ,
    "board.more": READ,
    "board.move": WRITE,
    "board.move_pipeline": WRITE,
    "board.positions": WRITE,
    "board.remove_contact": WRITE,
    "board.remove_member": WRITE,
    "board.save_positions": WRITE,
    "board.set_contact": WRITE,
    "board.set_member": WRITE,
    "consent.ask_to_confirm": PUBLIC,
    "consent.ask_to_unsubscribe": PUBLIC,
    "consent.choose": PUBLIC,
    "consent.confirm": PUBLIC,
    "consent.preferences": PUBLIC,
    "consent.unsubscribe": SECRET,
    "consents.change": WRITE,
    "consents.show": READ,
    "conversion.convert": WRITE,
    "conversion.show": WRITE,
    "conversations.answer": Permission.MAIL_SEND,
    "conversations.link": WRITE,
    "conversations.read": WRITE,
    "conversations.show": READ,
    "conversations.unread": WRITE,
    "documents.download": READ,
    "bulk.cancel": WRITE,
    "bulk.index": WRITE,
    "bulk.refused": WRITE,
    "bulk.show": WRITE,
    "exports.change": Permission.DATA_EXPORT,
    "exports.create": Permission.DATA_EXPORT,
    "exports.download": Permission.DATA_EXPORT,
    "exports.index": Permission.DATA_EXPORT,
    "exports.new": Permission.DATA_EXPORT,
    "health.alive": PUBLIC,
    "health.ready": PUBLIC,
    "goal_progress.copy": Permission.GOAL_WRITE,
    "goal_progress.filter": Permission.GOAL_WRITE,
    "goal_progress.index": READ,
    "goal_progress.set_filter": Permission.GOAL_WRITE,
    "hooks.receive_mail": SECRET,
    "imports.change": Permission.DATA_IMPORT,
    "imports.check": Permission.DATA_IMPORT,
    "imports.create": Permission.DATA_IMPORT,
    "imports.index": Permission.DATA_IMPORT,
    "imports.new": Permission.DATA_IMPORT,
    "imports.read": Permission.DATA_IMPORT,
    "imports.refused": Permission.DATA_IMPORT,
    "imports.show": Permission.DATA_IMPORT,
    "inbox.claim": WORK,
    "inbox.complete": WORK,
    "inbox.index": SIGNED_IN,
    "inbox.show": SIGNED_IN,
    "inbox.unclaim": WORK,
    "knowledge.categories": KNOWLEDGE,
    "knowledge.create_category": KNOWLEDGE,
    "knowledge.delete_category": KNOWLEDGE,
    "knowledge.index": READ,
    "knowledge.insert": WRITE,
    "knowledge.link": WRITE,
    "knowledge.preview": WRITE,
    "knowledge.restore": WRITE,
    "knowledge.suggestions": READ,
    "knowledge.unlink": WRITE,
    "knowledge.update_category": KNOWLEDGE,
    "knowledge.versions": READ,
    "knowledge.vote": READ,
    "marketing.act_campaign": WRITE,
    "marketing.act_segment": WRITE,
    "marketing.choose": WRITE,
    "marketing.keep": WRITE,
    "marketing.keep_group": WRITE,
    "marketing.measure": Permission.DATA_MANAGE,
    "marketing.members": READ,
    "marketing.of_account": READ,
    "marketing.of_contact": READ,
    "marketing.of_lead": READ,
    "marketing.put": WRITE,
    "marketing.set_filter": WRITE,
    "marketing.values": READ,
    "notes.show": READ,
    "notifications.choose": PROFILE,
    "notifications.index": SIGNED_IN,
    "notifications.open": PROFILE,
    "notifications.read_all": PROFILE,
    "notes.update": WRITE,
    "notes.delete": WRITE,
    "notes.restore": WRITE,
    **dict.fromkeys(
        [
            f"points.{name}"
            for name in (
                "add_level",
                "add_prize",
                "add_rule",
                "adjust",
                "delete_level",
                "end_rule",
                "reverse",
                "update_level",
                "update_prize",
            )
        ],
        LOYALTY,
    ),
    "points.cancel": WRITE,
    "points.earn": WRITE,
    "points.enrol_account": WRITE,
    "points.enrol_contact": WRITE,
    "points.member": READ,
    "points.of_account": READ,
    "points.of_contact": READ,
    "points.redeem": WRITE,
    "points.spend": WRITE,
    "privacy.ask": Permission.PRIVACY_ERASE,
    "privacy.download": Permission.PRIVACY_EXPORT,
    "privacy.erase": Permission.PRIVACY_ERASE,
    "privacy.export": Permission.PRIVACY_EXPORT,
    "privacy.show": Permission.PRIVACY_EXPORT,
    "processes.check": DRAW,
    "processes.create": DRAW,
    "processes.deploy": DEPLOY,
    "processes.discard": DRAW,
    "processes.download": SEE,
    "processes.draw": DRAW,
    "processes.hold": OPERATE,
    "processes.index": SEE,
    "processes.save": DRAW,
    "processes.show": SEE,
    "processes.switch": OPERATE,
    "processes.templates": SEE,
    "public.lead_form": PUBLIC,
    "public.request_form": PUBLIC,
    "public.status": PUBLIC,
    "public.submit_lead": PUBLIC,
    "public.submit_request": PUBLIC,
    "public.thanks": PUBLIC,
    "records.pick": READ,
    "recurring.account": READ,
    "sales.account": READ,
    "recurring.change": WRITE,
    "recurring.index": READ,
    "recurring.save": WRITE,
    "sales.credit_invoice": WRITE,
    "sales.invoice_order": WRITE,
    "sales.logo": SIGNED_IN,
    "sales.make_credit": WRITE,
    "sales.make_invoice": WRITE,
    "sales.organization": Permission.TEMPLATE_WRITE,
    "sales.price": READ,
    "sales.products": READ,
    "sales.quote_deal": WRITE,
    "sales.rates": READ,
    "sales.receivables": READ,
    "sales.remind": Permission.MAIL_SEND,
    "sales.set_logo": Permission.TEMPLATE_WRITE,
    "sales.take_back_payment": WRITE,
    "sales.update_organization": Permission.TEMPLATE_WRITE,
    **dict.fromkeys(
        [
            f"sales.{name}"
            for name in (
                "add_price",
                "change_price",
                "end_price",
                "import_rates",
                "numbers",
                "preview_number",
                "price_step",
                "remove_price",
                "remove_rate",
                "set_pattern",
                "set_rate",
            )
        ],
        CATALOGUE,
    ),
    "search.index": READ,
    "search.suggest": READ,
    "views.apply": READ,
    "views.build": READ,
    "views.count": READ,
    "views.delete": PROFILE,
    "views.save": PROFILE,
    "views.set_default": PROFILE,
    "views.share": PROFILE,
    "start.begin": Permission.PROCESS_START,
    "start.index": Permission.PROCESS_START,
    "start.show": Permission.PROCESS_START,
    "territory_tree.change_run": Permission.TERRITORY_WRITE,
    "territory_tree.index": READ,
    "territory_tree.place": WRITE,
    "territory_tree.progress": Permission.TERRITORY_WRITE,
    "territory_tree.rule": Permission.TERRITORY_WRITE,
    "territory_tree.run": Permission.TERRITORY_WRITE,
    "territory_tree.set_members": Permission.TERRITORY_WRITE,
    "territory_tree.set_rule": Permission.TERRITORY_WRITE,
    "territory_tree.start_run": Permission.TERRITORY_WRITE,
    "territory_tree.why": READ,
    "touch.act_on_place": WRITE,
    "touch.act_on_point": WRITE,
    "touch.add_place": WRITE,
    "touch.add_point": WRITE,
    "touch.change_place": WRITE,
    "touch.change_point": WRITE,
    **{f"{place}.{name}": of for place in RECORD_PLACES for name, of in RECORD_ROUTES.items()},
    **{f"x.{name}": of for name, of in RECORD_ROUTES.items()},
    **{f"api_x.{name}": of for name, of in RECORD_API.items()},
    **{f"{place}.{name}": of for place in DOUBLES_PLACES for name, of in DOUBLES_ROUTES.items()},
    **{f"products.{name}": CATALOGUE if of == WRITE else of for name, of in DOUBLES_ROUTES.items()},
    **{f"{place}.{name}": of for place in SALES_PLACES for name, of in RECORD_ROUTES.items()},
    **{f"{place}.{name}": WRITE for place in SALES_PLACES for name in ("lines", "save_lines")},
    **{f"api_{place}.{name}": of for place in SALES_PLACES for name, of in RECORD_API.items()},
    **{f"loyalty.{name}": READ if of == READ else LOYALTY for name, of in RECORD_ROUTES.items()},
    **{f"api_loyalty.{name}": READ if of == READ else LOYALTY for name, of in RECORD_API.items()},
    **{
        f"{place}.{name}": READ if of == READ else CATALOGUE
        for place in CATALOGUE_PLACES
        for name, of in RECORD_ROUTES.items()
    },
    **{
        f"{prefix}{place}.{name}": READ if of == READ else write
        for place, write in PLANNING_PLACES.items()
        for prefix, routes_of in (("", RECORD_ROUTES), ("api_", RECORD_API))
        for name, of in routes_of.items()
    },
    **{
        f"api_{place}.{name}": READ if of == READ else CATALOGUE
        for place in CATALOGUE_PLACES
        for name, of in RECORD_API.items()
    },
    **{f"api_{place}.{name}": of for place in RECORD_PLACES for name, of in RECORD_API.items()},
}
ROLES = {
    "employee": ROLE_PERMISSIONS[Role.EMPLOYEE],
    "analyst": ROLE_PERMISSIONS[Role.ANALYST],
    "administrator": ROLE_PERMISSIONS[Role.ADMINISTRATOR],
}
SOME_KEY = UUID("01890000-0000-7000-8000-000000000000")
VALUES = {
    "other": "00000000-0000-7000-8000-000000000001",
    "key": SOME_KEY,
    "version_id": SOME_KEY,
    "token": "no-such-token",
    "action": "convert",
    "verb": "activate",
    "process_key": "no-such-process",
    "record_type": "lead",
    "stage": "new",
    "stage_id": SOME_KEY,
    "name": "base.js",
    "place": "projects",
    "group": "champions",
    "number": 1,
}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Return endpoint, method and an address of each route."""
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        values = {
            name: "lead" if rule.endpoint == "api_processes.versions" else VALUES[name]
            for name in rule.arguments
        }
        url = adapter.build(rule.endpoint, values, method=next(iter(rule.methods)))
        found += [(rule.endpoint, method, url) for method in rule.methods - {"HEAD", "OPTIONS"}]
    return sorted(found)


def operation_endpoints() -> dict[str, Permission]:
    return {
        f"api_operations.{operation.name.replace('.', '_')}": operation.permission
        for operation in all_operations()
    }


def test_every_route_is_decided_as_listed(app):
    with app.app_context():
        decided = {endpoint: decision_of(endpoint) for endpoint in app.view_functions}
    assert decided == DECISIONS | operation_endpoints()


def test_an_undecided_route_stops_the_start(app):
    app.view_functions["stray"] = lambda: ""
    with pytest.raises(UndecidedRouteError, match="stray"):
        check_decisions(app)


def test_no_get_route_changes_anything(app):
    """A route that answers GET answers nothing else, so that no link can change state."""
    for rule in app.url_map.iter_rules():
        methods = rule.methods - {"HEAD", "OPTIONS"}
        assert methods == {"GET"} or "GET" not in methods, rule.rule


def test_only_public_routes_answer_strangers(app):
    client = app.test_client(use_cookies=False)
    for endpoint, method, url in routes(app):
        decision = DECISIONS.get(endpoint, SIGNED_IN)
        headers = {"Authorization": "Bearer lw_nobody"} if url.startswith("/api/") else {}
        with client.open(url, method=method, headers=headers) as response:
            status = response.status_code
        if decision is SECRET:
            assert status in {401, 422}, (endpoint, method)
        elif decision is PUBLIC:
            # Without a cookie there is no form that a POST could come from.
            assert status in ({400} if method == "POST" else {200, 404}), endpoint
        elif method == "GET" and not url.startswith("/api/"):
            assert status == 302, endpoint
            assert response.headers["Location"].startswith("/sign-in?next="), endpoint
        else:
            expected = 401 if url.startswith("/api/") else 400
            assert status == expected, (endpoint, method)


@pytest.mark.parametrize("role", ROLES)
def test_pages_open_for_those_who_hold_the_permission(app, browse, role):
    browser = browse(role)
    for endpoint, method, url in routes(app):
        if method != "GET" or url.startswith("/api/"):
            continue
        decision = DECISIONS[endpoint]
        allowed = isinstance(decision, Audience) or decision in ROLES[role]
        with browser.get(url) as response:
            status = response.status_code
        assert status in ({200, 302, 404} if allowed else {403}), (endpoint, status)


@pytest.mark.parametrize("role", ROLES)
def test_changes_without_csrf_token_are_refused(app, browse, role):
    browser = browse(role)
    for endpoint, method, url in routes(app):
        if method == "GET" or DECISIONS.get(endpoint) is SECRET:
            continue
        assert browser.client.open(url, method=method).status_code == 400, endpoint


@pytest.mark.parametrize("role", ROLES)
def test_changes_are_for_those_who_hold_the_permission(app, browse, role):
    browser = browse(role)
    for endpoint, method, url in routes(app):
        decision = DECISIONS.get(endpoint) or operation_endpoints()[endpoint]
        if method == "GET" or isinstance(decision, Audience):
            continue
        if endpoint == "api_operations.user_sign_out":
            continue  # it ends the session that the test goes on with
        allowed = decision in ROLES[role]
        response = browser.send(method, url, {})
        assert (response.status_code == 403) is not allowed, (endpoint, response.status_code)
        assert response.status_code < 500, (endpoint, response.text)


@pytest.mark.parametrize("role", ROLES)
def test_operations_are_for_those_who_hold_the_permission(api, role):
    call = api(role)
    for operation in all_operations():
        response = call("POST", f"/operations/{operation.name}", {})
        allowed = operation.permission in ROLES[role]
        assert (response.status_code == 403) is not allowed, operation.name
        assert response.status_code not in {400, 401}, operation.name
        assert response.status_code < 500, (operation.name, response.text)

"""What operations hold to the commit, so that of two at once the second sees what the first did."""

from __future__ import annotations

import re

HELD = re.compile(r"FROM (\w+).* FOR (?:NO KEY )?UPDATE", re.DOTALL)
LINE = {"title": "Window", "quantity": "1", "unit_price": "100"}
# What is done, in this order, with what; and the table of the row that others have to wait for.
DONE = (
    ("deal.set_positions", {"deal_id": "deal", "positions": [LINE]}, "deals"),
    ("deal.set_contact", {"deal_id": "deal", "contact_id": "contact", "role": "User"}, "deals"),
    ("deal.lose", {"deal_id": "deal", "reason": "Price"}, "deals"),
    ("lead.work_out", {"lead_id": "lead", "reason": "No budget"}, "leads"),
    ("quote.send", {"quote_id": "quote"}, "quotes"),
    ("quote.accept", {"quote_id": "quote"}, "quotes"),
    ("invoice.issue", {"invoice_id": "invoice"}, "invoices"),
    ("payment.record", {"invoice_id": "invoice", "amount": "10"}, "invoices"),
    ("invoice.credit", {"invoice_id": "invoice"}, "invoices"),
    ("subscription.activate", {"subscription_id": "subscription"}, "client_subscriptions"),
    ("subscription.pause", {"subscription_id": "subscription"}, "client_subscriptions"),
    ("subscription.resume", {"subscription_id": "subscription"}, "client_subscriptions"),
    ("contact_account.make_primary", {"contact_account_id": "place"}, "contacts"),
    ("contact_account.end", {"contact_account_id": "place"}, "contacts"),
    ("activity.complete", {"activity_id": "activity"}, "activities"),
    ("article.link", {"article_id": "article", "request_id": "request"}, "requests"),
    ("article.insert", {"article_id": "article", "request_id": "request"}, "requests"),
    ("article.unlink", {"article_id": "article", "request_id": "request"}, "requests"),
    ("campaign.activate", {"campaign_id": "campaign"}, "campaigns"),
    ("campaign.end", {"campaign_id": "campaign"}, "campaigns"),
    ("stage.create", {"pipeline_id": "pipeline", "name": "Visit"}, "pipelines"),
    ("pipeline.update", {"pipeline_id": "pipeline", "name": "After"}, "pipelines"),
    ("pipeline.archive", {"pipeline_id": "pipeline"}, "pipelines"),
    ("pipeline.restore", {"pipeline_id": "pipeline"}, "pipelines"),
    ("price.add", {"price_list_id": "list", "product_id": "product", "unit_price": "1"},
     "price_lists"),
    ("territory.release", {"record_type": "lead", "record_id": "lead"}, "leads"),
    ("record.tag", {"record_type": "lead", "record_id": "lead", "name": "hot"}, "leads"),
    ("record.share", {"record_type": "lead", "record_id": "lead", "user_id": "anna"}, "leads"),
    ("record.delete", {"record_type": "lead", "record_id": "lead"}, "leads"),
    ("record.restore", {"record_type": "lead", "record_id": "lead"}, "leads"),
)  # fmt: skip


def test_an_operation_holds_what_it_decides_by(staff):
    keys = _make(staff)
    unheld = []
    for operation, arguments, table in DONE:
        given = {
            name: keys[value] if name.endswith("_id") else value
            for name, value in arguments.items()
        }
        with staff.counting() as statements:
            staff.do(operation, **given)
        held = {found[1] for statement in statements if (found := HELD.search(statement))}
        if table not in held:
            unheld.append((operation, held))
    assert unheld == []


def _make(staff):
    """Make something of each kind; return the keys by name."""
    account, other = (staff.do("account.create", name=name).id for name in ("Nordlys", "Other"))
    about = {"title": "Roof", "account_id": account, "lines": [LINE]}
    contact = staff.do("contact.create", last_name="Berg", account_id=account).id
    place = {"contact_id": contact, "account_id": other}
    article = staff.do("article.create", title="Draughts", body="Close it.", visibility="portal")
    staff.do("article.publish", article_id=article.id)
    made = {
        "lead": ("lead.create", {"name": "Eva"}),
        "deal": ("deal.create", {"name": "Roof", "account_id": account}),
        "quote": ("quote.create", about),
        "invoice": ("invoice.create", about),
        "subscription": ("subscription.create", {**about, "starts_on": "2026-03-01"}),
        "place": ("contact_account.add", place),
        "request": ("request.create", {"subject": "Draught"}),
        "activity": ("activity.create", {"subject": "Ring", "kind": "call"}),
        "campaign": ("campaign.create", {"name": "Spring"}),
        "pipeline": ("pipeline.create", {"name": "Service"}),
        "list": ("price_list.create", {"name": "Retail", "currency": "EUR"}),
        "product": ("product.create", {"name": "Window", "code": "W"}),
    }
    keys = {name: staff.do(operation, **raw).id for name, (operation, raw) in made.items()}
    anna = staff.people["anna"].user_id
    return keys | {"contact": contact, "article": article.id, "anna": anna}

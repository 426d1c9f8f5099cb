"""A small company at work, so that the first look at the program is not an empty one.

Leads, deals and requests come in by their operations, so that their events start processes
wherever those are deployed. The company itself is in ``demo_company.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from services import catalogue
from services.actors import PUBLIC, SYSTEM, Actor
from services.contracts.days import DAY, shift
from services.contracts.model import Contract
from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.days import today
from services.essentials import seed_essentials
from services.filtering.periods import moved
from services.operations import run
from services.people.model import User, find_group
from services.platform import Platform
from services.territories.model import Territory
from services.unit_of_work import UnitOfWork

DEMO_PASSWORD = "lanewise-demo"  # noqa: S105 - shown on the sign-in page of every demo
COMPANY = Path(__file__).parent / "demo_company.toml"

__all__ = ["DEMO_PASSWORD", "catalogue", "seed_demo"]


def seed_demo(platform: Platform) -> None:
    """Fill an empty installation with people and records; a second call changes nothing."""
    platform.transact(SYSTEM, _seed, source="demo")


def _seed(uow: UnitOfWork) -> None:
    seed_essentials(uow)
    if uow.session.scalar(select(User.id).limit(1)) is not None:
        return
    company = tomllib.loads(COMPANY.read_text(encoding="utf-8"))
    run(uow, "organization.update", company["organization"])
    people = {person["email"]: _add_person(uow, person) for person in company["people"]}
    for territory in company["territories"]:
        _add_territory(uow, territory, people)
    for goal in company["goals"]:
        _add_goal(uow, goal, people)
    for account in company["accounts"]:
        owner = people[account.pop("owner")]
        _add_account(uow.acting_as(owner), account)
    _add_agreements(uow, company)
    for said in company["consents"]:
        _add_consent(uow, said)
    _add_marketing(uow.acting_as(people["maria@lanewise.example"]), company)
    public = uow.acting_as(PUBLIC)
    for lead in company["leads"]:
        run(public, "lead.submit", {**lead, "consent": True})
    for request in company["requests"]:
        run(public, "request.submit", request)
    _add_catalogue(uow, company["catalogue"])
    _add_knowledge(uow, company["knowledge"])
    _add_loyalty(uow, company["loyalty"])


def _add_catalogue(uow: UnitOfWork, catalogue: Mapping[str, Any]) -> None:
    """Add products with their prices on the standard list, and lists that stand on it."""
    standard = run(uow, "price_list.create", catalogue["standard"])
    run(uow, "organization.update", {"price_list_id": standard.id})
    for values in catalogue["lists"]:
        run(uow, "price_list.create", {**values, "parent_id": standard.id})
    for values in catalogue["products"]:
        product = dict(values)
        prices = product.pop("prices")
        about = {"product_id": run(uow, "product.create", product).id}
        run(uow, "price_list.set_prices", {**about, "price_list_id": standard.id, "prices": prices})
    for rate in catalogue["rates"]:
        run(uow, "currency.set_rate", rate)


def _add_knowledge(uow: UnitOfWork, knowledge: list[dict[str, Any]]) -> None:
    """Add the categories with their articles, which are published at once."""
    for position, category in enumerate(knowledge):
        named = {"name": category["category"], "position": position}
        made = run(uow, "article_category.create", named)
        for article in category["articles"]:
            drafted = run(uow, "article.create", {**article, "category_id": made.id})
            run(uow, "article.publish", {"article_id": drafted.id})


def _add_loyalty(uow: UnitOfWork, loyalty: Mapping[str, Any]) -> None:
    """Add a programme with its rules, levels and prizes, and let its first member collect."""
    programme = run(uow, "loyalty_programme.create", loyalty["programme"])
    about = {"programme_id": programme.id}
    for part in ("rule", "level", "prize"):
        for one in loyalty[f"{part}s"]:
            run(uow, f"loyalty_{part}.add", {**one, **about})
    first = uow.session.scalars(select(Account).where(Account.name == loyalty["member"])).one()
    member = run(uow, "loyalty.enrol", {**about, "account_id": first.id})
    run(uow, "loyalty.earn", {"member_id": member.id, **loyalty["welcome"]})


def _add_person(uow: UnitOfWork, values: Mapping[str, Any]) -> Actor:
    user: User = run(uow, "user.create", {**values, "password": DEMO_PASSWORD})
    return user.actor()


def _add_territory(uow: UnitOfWork, values: Mapping[str, Any], people: Mapping[str, Actor]) -> None:
    """Add a territory, a part of one that was added before, with its rules and people."""
    given = {name: values[name] for name in ("name", "priority") if name in values}
    if "manager" in values:
        given["manager_id"] = people[values["manager"]].user_id
    if "part_of" in values:
        whole = select(Territory.id).where(Territory.name == values["part_of"])
        given["parent_id"] = uow.session.scalars(whole).one()
    about = {"territory_id": run(uow, "territory.create", given).id}
    for record_type, rule in values["rules"].items():
        run(uow, "territory.set_rule", {**about, "record_type": record_type, "filter": rule})
    keys = [people[email].user_id for email in values["members"]]
    run(uow, "territory.set_members", {**about, "user_ids": keys})


def _add_goal(uow: UnitOfWork, values: Mapping[str, Any], people: Mapping[str, Actor]) -> None:
    """Add a goal for the period of today, or of some months ago."""
    goal = dict(values)
    goal["starts_on"] = moved(today(uow), -goal.pop("months_ago", 0), "month")
    if "team" in goal:
        team = find_group(uow, goal.pop("team"))
        goal["team_id"] = None if team is None else team.id
    owner = people[goal.pop("owner", "maria@lanewise.example")]
    run(uow, "goal.create", {**goal, "owner_id": owner.user_id})


def _add_consent(uow: UnitOfWork, said: Mapping[str, Any]) -> None:
    """Add what a contact agreed to, or does not want any more, as its owner heard it."""
    person = uow.session.scalars(select(Contact).where(Contact.email == said["person"])).one()
    owner = uow.acting_as(uow.session.get_one(User, person.owner_id).actor())
    verb = "withdraw" if said.get("is_withdrawn") else "give"
    about = {"record_type": "contact", "record_id": person.id}
    plain = {"person", "is_withdrawn"}
    given = {name: value for name, value in said.items() if name not in plain}
    run(owner, f"consent.{verb}", {**about, **given})


def _add_marketing(uow: UnitOfWork, company: Mapping[str, Any]) -> None:
    """Add segments, and campaigns with their members; all of them are the actor's."""
    whose = {"team_id": min(uow.actor.group_ids), "owner_id": uow.actor.user_id}
    segments = {
        values["name"]: run(uow, "segment.create", {**values, **whose})
        for values in company["segments"]
    }
    for values in company["campaigns"]:
        about = {name: value for name, value in values.items() if name != "segments"}
        campaign = {"campaign_id": run(uow, "campaign.create", {**about, **whose}).id}
        for name in values["segments"]:
            run(uow, "campaign.add_segment", {**campaign, "segment_id": segments[name].id})
        run(uow, "campaign.activate", campaign)
        run(uow, "campaign.fill", campaign)


def _add_account(uow: UnitOfWork, values: Mapping[str, Any]) -> None:
    """Add an account of the actor with its contact and perhaps a deal."""
    own = {name: value for name, value in values.items() if name not in {"contact", "deal"}}
    team = {"team_id": min(uow.actor.group_ids), "owner_id": uow.actor.user_id}
    account = run(uow, "account.create", {**own, **team})
    links = {"account_id": account.id, **team}
    contact = run(uow, "contact.create", {**values["contact"], **links})
    if "deal" in values:
        _add_deal(uow, values["deal"], {"contact_id": contact.id, **links})


def _add_deal(uow: UnitOfWork, values: Mapping[str, Any], links: Mapping[str, Any]) -> None:
    deal = dict(values)
    positions = deal.pop("positions")
    closes_on = uow.now.date() + timedelta(days=deal.pop("closes_in_days"))
    made = run(uow, "deal.create", {**deal, **links, "expected_close_on": closes_on})
    run(uow, "deal.set_positions", {"deal_id": made.id, "positions": positions})


def _add_agreements(uow: UnitOfWork, company: Mapping[str, Any]) -> None:
    """Add the contracts, and the subscriptions that belong to some of them."""
    for contract in company["contracts"]:
        _add_contract(uow, contract)
    for subscription in company["subscriptions"]:
        _add_subscription(uow, subscription)


def _add_contract(uow: UnitOfWork, values: Mapping[str, Any]) -> None:
    """Add a contract that began on the first day of a month some months ago."""
    owner, links = _of_account(uow, values["account"])
    begun = shift(today(uow), -values["months_ago"], 1)
    days = {"starts_on": begun, "ends_on": shift(begun, values["months"], 1) - DAY}
    plain = {"account", "months_ago", "months", "in_force"}
    given = {name: value for name, value in values.items() if name not in plain}
    made = run(owner, "contract.create", {**given, **links, **days})
    if values["in_force"]:
        run(owner, "contract.activate", {"contract_id": made.id})


def _add_subscription(uow: UnitOfWork, values: Mapping[str, Any]) -> None:
    """Add a subscription that began some months ago and is invoiced from this month on."""
    owner, links = _of_account(uow, values["account"])
    plain = {"account", "months_ago", "contract"}
    given = {name: value for name, value in values.items() if name not in plain}
    if "contract" in values:
        known = select(Contract.id).where(Contract.title == values["contract"])
        given["contract_id"] = uow.session.scalars(known).one()
    begun = shift(today(uow), -values["months_ago"], 1)
    made = run(owner, "subscription.create", {**given, **links, "starts_on": begun})
    start = {"subscription_id": made.id, "invoice_from": today(uow).replace(day=1)}
    run(owner, "subscription.activate", start)


def _of_account(uow: UnitOfWork, name: str) -> tuple[UnitOfWork, dict[str, Any]]:
    """Return the unit of work of an account's owner, and what its papers are linked to."""
    account = uow.session.scalars(select(Account).where(Account.name == name)).one()
    owner = uow.session.get_one(User, account.owner_id).actor()
    return uow.acting_as(owner), {
        "account_id": account.id,
        "owner_id": account.owner_id,
        "team_id": account.team_id,
    }

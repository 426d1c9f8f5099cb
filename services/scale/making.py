"""The records of one batch: made up, spread over owners, teams, stages and years."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from services.crm.account_model import Account
from services.crm.accounts import with_keys
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.crm.deal_stays import rots_from
from services.crm.lead_model import Lead, LeadStatus
from services.crm.pipeline_model import Category, Stage
from services.crm.request_model import ServiceRequest
from services.money import round_money
from services.scale.batches import Batch, Period, Row, World
from services.scale.copying import key_at, with_derived
from services.scale.naming import Culture, any_culture, ascii_of, common

ACCOUNTS: Final = 200
CONTACTS: Final = 1_000
DEALS: Final = 60
LEADS: Final = 500
REQUESTS: Final = 240

_INDUSTRIES: Final = (
    "Construction",
    "Education",
    "Manufacturing",
    "Retail",
    "Logistics",
    "Health",
    "Energy",
    "Finance",
    "Food",
    "Public",
)
_MATTERS: Final = ("draught", "invoice", "question", "broken", "delivery")
_STATUSES: Final = {"new": 8, "in_progress": 8, "waiting": 4, "resolved": 20, "closed": 60}
_POSITIONS: Final = (
    "Buyer",
    "Head of purchasing",
    "Managing director",
    "Accountant",
    "Engineer",
    "Head of property",
    "Assistant",
    "Architect",
    "Head of IT",
    "Owner",
)
_WANTED: Final = (
    "Windows",
    "Maintenance",
    "Facade",
    "Doors",
    "Winter garden",
    "Repair",
    "Glazing",
    "Service contract",
    "Sun protection",
    "Spare parts",
)
_CURRENCIES: Final = {"Norway": "NOK", "United Kingdom": "GBP", "Poland": "PLN"}
_SOURCES: Final = ("Web form", "Fair", "Referral", "Phone", "Advertisement")
_CLOSED: Final = {Category.WON: 0.28, Category.LOST: 0.22, Category.ON_HOLD: 0.04}
_NO_PHONE, _NO_EMAIL, _NO_ACCOUNT, _NO_OWNER = 0.15, 0.1, 0.12, 0.08
_DAY: Final = timedelta(days=1)


class Maker:
    """Makes up the records of one batch; the same number makes the same names."""

    def __init__(self, number: int, world: World, period: Period) -> None:
        self._rng = Random(f"lanewise {number}")  # noqa: S311 - made-up names guard nothing
        self._number = number
        self._world = world
        self._period = period
        self._cultures: dict[UUID, Culture] = {}

    def make(self) -> Batch:
        """Return the records of the batch."""
        batch = Batch()
        batch.accounts = [self._account(n) for n in range(self._count(ACCOUNTS))]
        batch.contacts = [self._contact(n, batch.accounts) for n in range(self._count(CONTACTS))]
        for _ in range(self._count(DEALS)):
            deal, stays = self._deal(batch)
            batch.deals.append(deal)
            batch.stays += stays
        numbers = zip(range(self._count(LEADS)), self._world.lead_numbers, strict=False)
        batch.leads = [self._lead(n, number) for n, number in numbers]
        batch.requests = [
            self._request(number, batch)
            for _, number in zip(
                range(self._count(REQUESTS)), self._world.request_numbers, strict=False
            )
        ]
        return batch

    def _count(self, whole: int) -> int:
        return max(1, round(whole * self._period.share))

    def _record(self) -> Row:
        """Return the columns that all records have."""
        rng = self._rng
        owner = self._world.owners[int(len(self._world.owners) * rng.random() ** 3)]
        period = self._period
        created = period.begin + (period.end - period.begin) * rng.random()
        is_changed = rng.random() < 0.4  # noqa: PLR2004
        return {
            "id": key_at(created, rng),
            "created_at": created,
            "updated_at": created + (period.now - created) * rng.random()
            if is_changed
            else created,
            "owner_id": None if owner.team_id and rng.random() < _NO_OWNER else owner.id,
            "team_id": owner.team_id,
        }

    def _account(self, place: int) -> Row:
        rng, culture = self._rng, any_culture(self._rng)
        name = culture.company(rng)
        host = f"{ascii_of(name.split(' ')[0])[:20]}-{self._number}-{place}.example"
        values = with_keys({"name": name, "website": f"https://www.{host}"})
        row = self._record() | {
            **values,
            "phone": self._phone(culture),
            "email": f"post@{host}",
            "address": f"{culture.last_name(rng)} {rng.randrange(1, 200)}",
            "city": common(rng, culture.cities),
            "country": culture.country,
            "industry": common(rng, _INDUSTRIES),
        }
        self._cultures[row["id"]] = culture
        return with_derived(Account, row)

    def _contact(self, place: int, accounts: Sequence[Row]) -> Row:
        rng = self._rng
        account = None if rng.random() < _NO_ACCOUNT else self._one_of(accounts)
        culture = self._cultures[account["id"]] if account else any_culture(rng)
        person = culture.person(rng)
        host = account["domain"] if account else f"{self._number}-{place}.mail.example"
        row = self._record() | {
            "first_name": person.first,
            "last_name": person.last,
            "name": person.whole,
            "email": f"{person.mailbox}@{host}" if rng.random() > _NO_EMAIL else None,
            "phone": self._phone(culture),
            "position": common(rng, _POSITIONS),
            "account_id": account["id"] if account else None,
        }
        return with_derived(Contact, row)

    def _deal(self, batch: Batch) -> tuple[Row, list[Row]]:
        rng = self._rng
        contact = self._one_of(batch.contacts)
        account = next(
            (one for one in batch.accounts if one["id"] == contact["account_id"]), batch.accounts[0]
        )
        currency = _CURRENCIES.get(account["country"], "EUR")
        amount = round_money(Decimal(str(round(rng.lognormvariate(9.2, 1.1), 2))), currency)
        row = self._record() | {
            "name": f"{common(rng, _WANTED)} for {account['name']}",
            "account_id": account["id"],
            "contact_id": contact["id"] if contact["account_id"] == account["id"] else None,
            "amount": amount,
            "currency": currency,
            "pipeline_id": self._world.stages[0].pipeline_id,
        }
        path = self._path()
        times = sorted(
            row["created_at"] + (self._period.now - row["created_at"]) * rng.random()
            for _ in path[1:]
        )
        entered = [row["created_at"], *times]
        row |= self._at_stage(path[-1], entered[-1])
        return with_derived(Deal, row), list(self._stays(row, path, entered))

    def _path(self) -> list[Stage]:
        """Return the stages that a deal has been in, in their order."""
        rng = self._rng
        stages = self._world.stages
        ways = [stage for stage in stages if stage.category == Category.OPEN]
        end = next(
            (
                stage
                for stage in stages
                if stage.category != Category.OPEN
                and rng.random() < _CLOSED[Category(stage.category)]
            ),
            None,
        )
        length = 1 + int(len(ways) * rng.random() ** 1.5)
        return ways[:length] if end is None else [*ways[:length], end]

    def _at_stage(self, stage: Stage, since: datetime) -> Row:
        """Return the columns of a deal that say where it is."""
        rng = self._rng
        is_won, is_lost = stage.category == Category.WON, stage.category == Category.LOST
        is_held = stage.category == Category.ON_HOLD
        return {
            "stage": stage.key,
            "stage_since": since,
            "rots_at": rots_from(stage, since),
            "probability": stage.probability,
            "expected_close_on": (since + rng.randrange(10, 200) * _DAY).date(),
            "hold_until": (since + rng.randrange(5, 90) * _DAY).date() if is_held else None,
            "hold_reason": "Waits for the budget" if is_held else None,
            "lost_reason": common(rng, self._world.lost_reasons) if is_lost else None,
            "won_at": since if is_won else None,
            "lost_at": since if is_lost else None,
            "closed_at": since if stage.closes else None,
            "closed_on": since.date() if stage.closes else None,
        }

    def _stays(
        self, deal: Row, path: Sequence[Stage], entered: Sequence[datetime]
    ) -> Iterator[Row]:
        name = next(
            (one.name for one in self._world.owners if one.id == deal["owner_id"]), "Lanewise"
        )
        for place, stage in enumerate(path):
            yield {
                "id": key_at(entered[place], self._rng),
                "deal_id": deal["id"],
                "pipeline_id": stage.pipeline_id,
                "from_stage": path[place - 1].key if place else None,
                "stage": stage.key,
                "entered_at": entered[place],
                "left_at": entered[place + 1] if place + 1 < len(path) else None,
                "amount": deal["amount"],
                "currency": deal["currency"],
                "actor_id": deal["owner_id"],
                "actor_name": name,
            }

    def _lead(self, place: int, number: int) -> Row:
        rng, culture = self._rng, any_culture(self._rng)
        person = culture.person(rng)
        status = rng.choices(list(LeadStatus), [30, 25, 15, 30])[0]
        record = self._record()
        is_closed = status in {LeadStatus.QUALIFIED, LeadStatus.WORKED_OUT}
        is_lost = status is LeadStatus.WORKED_OUT
        row = record | {
            "number": f"L-{number:06d}",
            "name": person.whole,
            "company": culture.company(rng) if rng.random() < 0.7 else None,  # noqa: PLR2004
            "email": f"{person.mailbox}@{self._number}-{place}.mail.example",
            "phone": self._phone(culture),
            "source": common(rng, _SOURCES),
            "score": rng.randrange(101),
            "status": status.value,
            "lost_reason": "No answer" if is_lost else None,
            "closed_at": record["updated_at"] if is_closed else None,
            "converted_at": record["updated_at"] if is_closed and not is_lost else None,
        }
        return with_derived(Lead, row)

    def _request(self, number: int, batch: Batch) -> Row:
        rng = self._rng
        contact = self._one_of(batch.contacts)
        record = self._record()
        (status,) = rng.choices(list(_STATUSES), list(_STATUSES.values()))
        is_over = status in {"resolved", "closed"}
        row = record | {
            "number": f"R-{number:06d}",
            "subject": f"{common(rng, _WANTED)}: {rng.choice(_MATTERS)}",
            "type": rng.choice(("error", "wish", "question")),
            "status": status,
            "priority": common(rng, ("normal", "high", "low", "urgent")),
            "channel": common(rng, ("mail", "form", "phone", "person")),
            "requester_name": contact["name"],
            "requester_email": contact["email"],
            "contact_id": contact["id"],
            "account_id": contact["account_id"],
            "resolved_at": record["updated_at"] if is_over else None,
            "closed_at": record["updated_at"] if status == "closed" else None,
        }
        return with_derived(ServiceRequest, row)

    def _phone(self, culture: Culture) -> str | None:
        return None if self._rng.random() < _NO_PHONE else culture.phone(self._rng)

    def _one_of(self, rows: Sequence[Row]) -> Row:
        """Choose a row; a few are chosen often, as large customers have many people."""
        return rows[int(len(rows) * self._rng.random() ** 2)]

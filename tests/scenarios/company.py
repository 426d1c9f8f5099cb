"""The whole program with the shipped processes, its people, a real mail server and a clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

from processes.deploying.shipped import deploy_folder
from processes.jobs.incidents import list_incidents
from services.actors import SYSTEM, Actor
from services.essentials import seed_essentials
from services.mail.loopback import LoopbackMail
from services.people.model import User, find_group
from services.records.types import get_record, present_record
from tests.conftest import FrozenClock
from tests.processes.world import World

ROOT = Path(__file__).parents[2]
PEOPLE = (
    ("Anna Berg", ["Sales"], "employee", "team"),
    ("Boris Demir", ["Sales"], "employee", "team"),
    ("Maria Holm", ["Managers"], "employee", "all"),
    ("Sven Aydin", ["Service"], "employee", "team"),
    ("Piotr Lund", ["Production"], "employee", "team"),
    ("Olga Nilsen", [], "administrator", "all"),
)


@dataclass
class Company(World):
    """Acts as its people and clients do; whatever follows has happened when a method returns."""

    clock: FrozenClock = field(kw_only=True)
    post: LoopbackMail = field(kw_only=True)

    def open(self) -> None:
        """Set everything up: groups, people, templates, and the shipped processes."""
        self.ask(seed_essentials)
        self.ask(self._add_people)
        self.ask(deploy_folder, [ROOT / "bpmn", ROOT / "forms"], "Shipped", actor="olga")

    def _add_people(self, uow: Any) -> None:
        for name, groups, role, scope in PEOPLE:
            short = name.split()[0].lower()
            email = f"{short}@lanewise.example"
            user = User(email=email, name=name, password_hash="-", roles=[role], scope=scope)
            user.groups = [find_group(uow, group) for group in groups]
            self.people[short] = uow.add(user).actor()

    def act(self, operation: str, actor: Actor | str = SYSTEM, **raw: Any) -> Any:
        """Do an operation and let everything that follows from it happen."""
        result = self.do(operation, actor, **raw)
        self.drain()
        return result

    def work(self, name: str, actor: str, **data: Any) -> Any:
        """Complete the one open task of this name with what is entered into its form."""
        result = self.complete(name, actor, **data)
        self.drain()
        return result

    def wait(self, **time: float) -> None:
        """Let time pass, and what is due then happen."""
        self.clock.advance(timedelta(**time))
        self.drain()

    def mails(self, recipient: str) -> list[EmailMessage]:
        """Return what the mail server took for this address, oldest first."""
        return [mail for mail in self.post.messages if recipient in mail["To"]]

    def record(self, record_type: str, record_id: Any) -> dict[str, Any]:
        """Return a record's fields as they are now."""
        key = UUID(str(record_id))
        return self.ask(lambda uow: present_record(get_record(uow, record_type, key)))

    def open_tasks(self) -> list[str]:
        """Return the names of all open tasks."""
        return sorted(task.name for task in self.tasks("olga"))

    def incidents(self) -> list[str]:
        """Return the messages of the open incidents."""
        return [found.message for found in self.ask(list_incidents, actor="olga")]

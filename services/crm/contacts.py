"""What can be done with contacts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.actors import Permission
from services.crm.contact_model import CONTACT, Contact
from services.duplicates.saving import DOUBLE_ARGUMENTS, asks_about_doubles
from services.operations import operation
from services.records.changes import add_record, change_record, check_links
from services.records.schemas import create_schema, update_schema
from services.unit_of_work import UnitOfWork


@operation(
    "contact.create",
    Permission.RECORD_WRITE,
    create_schema(CONTACT, **DOUBLE_ARGUMENTS),
    in_diagrams=True,
)
@asks_about_doubles("contact")
def create_contact(uow: UnitOfWork, **values: Any) -> Contact:
    """Create a contact."""
    contact = Contact(**values)
    check_links(uow, contact)
    add_record(uow, contact, title=f"Created contact “{contact.name}”")
    return contact


@operation("contact.update", Permission.RECORD_WRITE, update_schema(CONTACT), in_diagrams=True)
def update_contact(
    uow: UnitOfWork, *, contact_id: UUID, version: int | None = None, **values: Any
) -> Contact:
    """Change a contact."""
    contact = uow.get(Contact, contact_id)
    change_record(uow, contact, values, version=version)
    return contact

"""How loyalty programmes are shown."""

from __future__ import annotations

from typing import Final

from app.records.kind import OwnPage, RecordKind
from app.records.loyalty_page import load_page
from services.actors import Permission

PROGRAMME_KIND: Final = RecordKind(
    record_type="loyalty_programme",
    place="loyalty",
    icon="trophy",
    columns=("holder", "expiry_months", "level_months", "active", "created_at"),
    subtitle=("holder",),
    create_fields=(
        "name",
        "description",
        "holder",
        "expiry_months",
        "level_months",
        "joins_itself",
        "active",
    ),
    filters=("holder",),
    write=Permission.LOYALTY_MANAGE,
    own=OwnPage(
        load_page,
        head="loyalty/head.html",
        menu="loyalty/menu.html",
        bar="loyalty/bar.html",
        side="loyalty/side.html",
        main="loyalty/main.html",
    ),
)

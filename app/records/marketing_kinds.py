"""How segments and campaigns are shown."""

from __future__ import annotations

from typing import Final

from app.records.campaign_page import load_campaign
from app.records.kind import Action, OwnPage, RecordKind, Related
from app.records.segment_page import load_segment

_SEGMENT: Final = RecordKind(
    record_type="segment",
    place="segments",
    icon="users-group",
    columns=("of_type", "kind", "description", "owner_id", "updated_at"),
    subtitle=("of_type", "kind"),
    create_fields=("name", "of_type", "kind", "description"),
    filters=("of_type", "kind"),
    own=OwnPage(
        load_segment,
        "marketing/segment_head.html",
        "marketing/segment_menu.html",
        "",
        "marketing/segment_side.html",
        main="marketing/segment_main.html",
    ),
)

_CAMPAIGN: Final = RecordKind(
    record_type="campaign",
    place="campaigns",
    icon="send",
    columns=("status", "kind", "channel", "starts_on", "ends_on", "budget", "owner_id"),
    subtitle=("kind", "channel", "starts_on"),
    create_fields=(
        "name",
        "kind",
        "channel",
        "purpose",
        "keyword",
        "starts_on",
        "ends_on",
        "budget",
        "currency",
        "description",
    ),
    filters=("status", "channel"),
    step_field="status",
    ends=("ended",),
    actions=(
        Action(
            "activate",
            "campaign.activate",
            "Activate",
            "player-play",
            "The campaign is active.",
            unless=frozenset({"active"}),
            tone="primary",
        ),
        Action(
            "end",
            "campaign.end",
            "End",
            "check",
            "The campaign has ended.",
            unless=frozenset({"planned", "ended"}),
        ),
    ),
    related=(Related("lead", "campaign_id", "Leads"), Related("deal", "campaign_id", "Deals")),
    own=OwnPage(
        load_campaign,
        "marketing/campaign_head.html",
        "marketing/campaign_menu.html",
        "marketing/campaign_bar.html",
        "marketing/campaign_side.html",
        main="marketing/campaign_main.html",
    ),
)

MARKETING_KINDS: Final = (_CAMPAIGN, _SEGMENT)

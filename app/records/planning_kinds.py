"""How territories and goals are shown."""

from __future__ import annotations

from typing import Final

from app.records.goal_page import load_goal
from app.records.kind import OwnPage, RecordKind, Related
from app.records.territory_page import load_territory
from services.actors import Permission

_TERRITORY: Final = RecordKind(
    record_type="territory",
    place="territories",
    icon="map-pin",
    columns=("parent_id", "manager_id", "priority", "is_active"),
    subtitle=("parent_id", "manager_id"),
    create_fields=("name", "parent_id", "manager_id", "priority", "description"),
    related=(
        Related("account", "territory_id", "Accounts"),
        Related("lead", "territory_id", "Leads"),
    ),
    write=Permission.TERRITORY_WRITE,
    own=OwnPage(
        load_territory,
        head="territories/head.html",
        menu="territories/menu.html",
        bar="",
        side="territories/side.html",
        main="territories/main.html",
    ),
    board="territory_tree.index",
    board_name=("Tree", "sitemap"),
)

_GOAL: Final = RecordKind(
    record_type="goal",
    place="goals",
    icon="target",
    columns=("level", "metric", "period", "starts_on", "target", "owner_id", "team_id"),
    subtitle=("metric", "period", "starts_on", "ends_on"),
    create_fields=(
        "level",
        "owner_id",
        "team_id",
        "metric",
        "activity_kind",
        "period",
        "starts_on",
        "target",
        "currency",
        "name",
    ),
    filters=("level", "metric", "period"),
    write=Permission.GOAL_WRITE,
    own=OwnPage(
        load_goal,
        head="goals/head.html",
        menu="goals/menu.html",
        bar="",
        side="goals/side.html",
        main="goals/main.html",
    ),
    board="goal_progress.index",
    board_name=("Progress", "chart-bar"),
)

PLANNING_KINDS: Final = (_TERRITORY, _GOAL)

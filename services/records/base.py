"""What all record tables share: an owner, a team, search text, and indexes for sorting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Timestamped, Versioned
from services.records.types import Field
from services.search.words import MAX_WORDS


class Record(Versioned, Timestamped):
    """The common columns of a customer record.

    Attributes:
        owner_id: The person responsible.
        team_id: The group whose members see it with scope *team*.
        search_text: The words of what ``searched_names`` tells; kept by ``changes``.
        deleted_at: When it was put into the bin; from then on nobody finds it elsewhere.
        __most_words__: How many words of those columns it is found by, the first ones.
        __search__: The columns that are searched.
        __added__: How to read the values of ``custom``, by their key.
        __added_texts__: Which of the added fields are searched too, as attributes.
        custom: The values of fields that administrators have added, by their key; they are also
            attributes, such as ``c_budget``.
    """

    __scoped__ = True
    __audited__ = True
    __search__: ClassVar[tuple[str, ...]] = ()
    __most_words__: ClassVar[int] = MAX_WORDS
    __added__: ClassVar[Mapping[str, Callable[[Any], Any]]] = MappingProxyType({})
    __added_texts__: ClassVar[tuple[str, ...]] = ()
    record_type: ClassVar[str]
    title_field: ClassVar[str]

    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("groups.id"), index=True)
    search_text: Mapped[str] = mapped_column(default="", deferred=True)
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[str | None]
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))

    @classmethod
    def searched_names(cls) -> tuple[str, ...]:
        """Return the attributes by whose words a record is found; none: it isn't searched."""
        return (*cls.__search__, *cls.__added_texts__) if cls.__search__ else ()


class Matched:
    """A record that may be there twice under names that differ a little.

    Attributes:
        match_key: Of the column that ``__match__`` names; kept by ``changes``.
    """

    __match__: ClassVar[str] = "name"

    match_key: Mapped[str] = mapped_column(default="", server_default="", index=True)


def sort_indexes(
    table: str, *columns: str, text_columns: tuple[str, ...] = ()
) -> tuple[Index, ...]:
    """Return the index of each shipped sort of ``table``; text is sorted without case."""
    plain = (Index(f"ix_{table}_sort_{name}", name, "id") for name in columns)
    folded = (
        Index(f"ix_{table}_sort_{name}", text(f"lower({name})"), "id") for name in text_columns
    )
    return (*plain, *folded)


def name_index(table: str) -> Index:
    """Return an index that holds what is sorted of many records that words find, by their keys.

    With whose they are in it too, none of their rows has to be read but those of the page.
    """
    return Index(
        f"ix_{table}_names",
        "id",
        postgresql_include=["name", "owner_id", "team_id"],
        postgresql_where=text("deleted_at IS NULL"),
    )


OWNER = Field("owner_id", "Owner", "relation", relation="user")
TEAM = Field("team_id", "Team", "relation", relation="group")
CREATED = Field("created_at", "Created", "datetime", writable=False)
UPDATED = Field("updated_at", "Changed", "datetime", writable=False)
COMMON_FIELDS = (OWNER, TEAM, CREATED, UPDATED)

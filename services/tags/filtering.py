"""What filters can ask of a record's tags and of the activities about it.

``{"some": "tags", "where": {"field": "name", "op": "eq", "value": "Key customer"}}``
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select

from services.activities.model import ACTIVITY
from services.filtering.relations import RelatedRecords, register_related_records
from services.people.assignment import RECORD_TYPES
from services.records.types import Field, RecordType
from services.tags.model import COLOURS, Tag, TagLink

# Known to filters alone: a tag has no page, no owner and no place in the search.
TAG = RecordType(
    name="tag",
    label="Tag",
    plural="Tags",
    model=Tag,
    fields=(Field("name", "Name"), Field("colour", "Colour", "choice", choices=COLOURS)),
)


def _carries(tag: Any, record: Any) -> ColumnElement[bool]:
    links = select(TagLink.id).where(TagLink.tag_id == tag.id, TagLink.record_id == record.id)
    # Two selects deep, SQLAlchemy would list the record's table again instead of correlating it.
    return links.correlate_except(TagLink).exists()


def _is_about(activity: Any, record: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = activity.regarding_id == record.id
    return found


for name in RECORD_TYPES:
    register_related_records(name, RelatedRecords("tags", "Tags", TAG, _carries))
    if name not in {"account", "activity"}:  # an account's are those of its records too
        about = RelatedRecords("activities", "Activities", ACTIVITY, _is_about)
        register_related_records(name, about)

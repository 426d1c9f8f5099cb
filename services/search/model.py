"""The index of all records: what each is found by, and who owns it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Index, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class SearchEntry(Base):
    """One record that lies in no bin; kept by triggers of the record tables, see ``KEEP``.

    Attributes:
        id: The record's key, which tells its age too.
        words: The words of its ``search_text``.
    """

    __tablename__ = "search_entries"
    __table_args__ = (
        Index("ix_search_entries_words", "words", postgresql_using="gin"),
        Index(None, "record_type", "id"),
        Index(None, "owner_id", "id"),
        Index(None, "team_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_type: Mapped[str]
    owner_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    words: Mapped[Any] = mapped_column(TSVECTOR)


# Whoever writes records in bulk need not know of the index: the tables themselves keep it. Many
# rows that are put in by one statement are taken over by one statement.
KEEP: Final = r"""
CREATE OR REPLACE FUNCTION add_search_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO search_entries (id, record_type, owner_id, team_id, words)
  SELECT id, substr(split_part(search_text, ' ', 1), 2), owner_id, team_id,
         array_to_tsvector(array_remove(string_to_array(search_text, ' '), ''))
  FROM new_rows WHERE search_text LIKE '\%%' AND deleted_at IS NULL;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION change_search_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.deleted_at IS NOT NULL OR NEW.search_text NOT LIKE '\%%' THEN
    DELETE FROM search_entries WHERE id = NEW.id;
  ELSE
    INSERT INTO search_entries (id, record_type, owner_id, team_id, words)
    VALUES (NEW.id, substr(split_part(NEW.search_text, ' ', 1), 2), NEW.owner_id, NEW.team_id,
            array_to_tsvector(array_remove(string_to_array(NEW.search_text, ' '), '')))
    ON CONFLICT (id) DO UPDATE
    SET owner_id = EXCLUDED.owner_id, team_id = EXCLUDED.team_id, words = EXCLUDED.words;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION drop_search_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM search_entries USING old_rows WHERE search_entries.id = old_rows.id;
  RETURN NULL;
END $$;

DO $$
DECLARE name text;
BEGIN
  FOR name IN
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public'
      AND column_name IN ('id', 'search_text', 'owner_id', 'team_id', 'deleted_at')
    GROUP BY table_name HAVING count(*) = 5
    AND NOT EXISTS (
      SELECT FROM pg_trigger
      WHERE tgname = 'search_drop' AND tgrelid = format('%I', table_name)::regclass)
  LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER search_add AFTER INSERT ON %I
      REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION add_search_entries()', name);
    EXECUTE format('CREATE OR REPLACE TRIGGER search_change
      AFTER UPDATE OF search_text, owner_id, team_id, deleted_at ON %I
      FOR EACH ROW EXECUTE FUNCTION change_search_entry()', name);
    EXECUTE format('CREATE OR REPLACE TRIGGER search_drop AFTER DELETE ON %I
      REFERENCING OLD TABLE AS old_rows
      FOR EACH STATEMENT EXECUTE FUNCTION drop_search_entries()', name);
  END LOOP;
END $$;
"""


def keep_entries(connection: Connection) -> None:
    """Let every record table keep its entries; tables that do so already stay as they are."""
    if connection.scalar(text("SELECT to_regclass('search_entries')")) is not None:
        connection.exec_driver_sql(KEEP.replace("%", "%%"))

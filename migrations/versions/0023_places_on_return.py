"""Open a contact's place again on a return."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade():
    op.execute(_CHANGED_PLACE)


# A place whose last day is today is over, and is opened again by a return on the same day.
_CHANGED_PLACE = """
CREATE OR REPLACE FUNCTION keep_place_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  today date := (NEW.updated_at AT TIME ZONE 'UTC')::date;
BEGIN
  PERFORM 1 FROM contact_accounts
  WHERE contact_id = NEW.id AND account_id = NEW.account_id
    AND (until IS NULL OR until > today);
  IF FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE contact_accounts SET until = today
  WHERE contact_id = NEW.id AND account_id = OLD.account_id AND until IS NULL;
  IF NEW.account_id IS NOT NULL THEN
    INSERT INTO contact_accounts (id, contact_id, account_id, since)
    VALUES (gen_random_uuid(), NEW.id, NEW.account_id, today)
    ON CONFLICT (contact_id, account_id) DO UPDATE SET until = NULL;
  END IF;
  RETURN NULL;
END $$
"""

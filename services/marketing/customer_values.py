"""Measuring what customers are worth: recency, frequency, monetary value (RFM), and ABC classes.

Fifths and shares need all customers at once, while lists, filters and segments ask for one row at a
time. So they are measured each night, and whenever somebody asks for it, and kept.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from marshmallow import validate
from sqlalchemy import func, select

from services.actors import Permission
from services.arguments import Line, WholeNumber
from services.database import to_json_text
from services.days import today
from services.filtering.further_fields import Expression, FurtherField, register_further_field
from services.filtering.periods import moved
from services.marketing.value_model import CLASSES, SOURCES, CustomerValue, ValueMeasurement
from services.money import known_currency, minor_digits
from services.operations import Arguments, operation
from services.sales.currencies import own_money
from services.statements import Statement
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour

FIFTHS: Final = 5
A_SHARE: Final = Decimal("0.80")
B_SHARE: Final = Decimal("0.95")
"""Where class A and class B end, as parts of all revenue."""

_FRESH: Final = timedelta(hours=23)
_PURCHASES: Final = {
    "deals": """
        SELECT account_id, closed_on AS day, amount, currency FROM deals
        WHERE won_at IS NOT NULL AND closed_on IS NOT NULL AND deleted_at IS NULL
    """,
    "invoices": """
        SELECT i.account_id, i.issued_on AS day, i.currency,
               i.taxable - coalesce(credited.taxable, 0) AS amount
        FROM invoices AS i
        LEFT JOIN LATERAL (
          SELECT sum(n.taxable) AS taxable FROM invoices AS n WHERE n.corrects_id = i.id
        ) AS credited ON i.credited <> 0
        WHERE i.status = 'paid' AND i.kind = 'invoice' AND i.deleted_at IS NULL
    """,
}
_COUNTED: Final = """
    WITH rates AS (
      SELECT currency, rate FROM jsonb_to_recordset(CAST(%(rates)s AS jsonb))
        AS r(currency text, rate numeric)),
    purchases AS (
      SELECT p.account_id, p.day, p.amount * r.rate AS amount, r.rate IS NULL AS is_left_out
      FROM ({purchases}) AS p
      JOIN accounts AS a ON a.id = p.account_id AND a.deleted_at IS NULL
      LEFT JOIN rates AS r ON r.currency = p.currency
      WHERE p.day >= %(since)s)
"""
# Equal values get the same fifth, that of the middle of them; NTILE would part them as it pleases.
_MEASURE: Final = """
    , sums AS (
      SELECT account_id, max(day) AS last_on, count(*) AS purchases,
             round(sum(amount), %(digits)s) AS amount
      FROM purchases WHERE NOT is_left_out GROUP BY account_id),
    ranked AS (
      SELECT *, count(*) OVER () AS customers, sum(amount) OVER () AS total,
             2 * rank() OVER (ORDER BY last_on) - 2
               + count(*) OVER (PARTITION BY last_on) AS by_day,
             2 * rank() OVER (ORDER BY purchases) - 2
               + count(*) OVER (PARTITION BY purchases) AS by_number,
             2 * rank() OVER (ORDER BY amount) - 2
               + count(*) OVER (PARTITION BY amount) AS by_amount,
             coalesce(sum(amount) OVER (
               ORDER BY amount DESC, account_id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM sums)
    INSERT INTO customer_values (id, account_id, last_on, purchases, amount,
                                 recency, frequency, monetary, share, abc_class)
    SELECT gen_random_uuid(), account_id, last_on, purchases, amount,
           1 + by_day * %(fifths)s / (2 * customers),
           1 + by_number * %(fifths)s / (2 * customers),
           1 + by_amount * %(fifths)s / (2 * customers),
           CASE WHEN total > 0 THEN amount / total ELSE 0 END,
           CASE WHEN before < total * %(a_share)s THEN 'A'
                WHEN before < total * %(b_share)s THEN 'B' ELSE 'C' END
    FROM ranked
"""
_LEFT_OUT: Final = " SELECT count(*) FROM purchases WHERE is_left_out"
_STATEMENTS: Final = {
    source: (
        Statement(_COUNTED.format(purchases=purchases) + _MEASURE),
        Statement(_COUNTED.format(purchases=purchases) + _LEFT_OUT),
    )
    for source, purchases in _PURCHASES.items()
}
_CLEAR: Final = Statement("DELETE FROM customer_values")


class Measure(Arguments):
    """What counts as a purchase, and over how long."""

    source = Line(
        load_default="deals",
        validate=validate.OneOf(list(SOURCES), list(SOURCES.values())),
        metadata={"title": "Purchases are"},
    )
    months = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 240),
        metadata={"title": "Months", "description": "How far to look back; empty: everything."},
    )


@operation("customer_value.measure", Permission.DATA_MANAGE, Measure)
def measure(uow: UnitOfWork, *, source: str, months: int | None) -> ValueMeasurement:
    """Measure anew what all customers are worth; each night it is done again like this."""
    # Two at a time would both put in the same customers.
    uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtext("customer_values"))))
    own = own_money(uow)
    rates = {**own.rates, own.currency: Decimal(1)}
    given = {
        "rates": to_json_text([{"currency": k, "rate": str(v)} for k, v in rates.items()]),
        "since": date.min if months is None else moved(today(uow), -months, "month"),
    }
    write, count_left_out = _STATEMENTS[source]
    _CLEAR.run(uow.session)
    write.run(
        uow.session,
        **given,
        digits=minor_digits(known_currency(own.currency)),
        fifths=FIFTHS,
        a_share=A_SHARE,
        b_share=B_SHARE,
    )
    left_out = int(count_left_out.rows(uow.session, **given)[0][0])
    customers = uow.session.scalar(select(func.count()).select_from(CustomerValue)) or 0
    return uow.add(
        ValueMeasurement(
            source=source,
            months=months,
            currency=own.currency,
            customers=customers,
            left_out=left_out,
            measured_at=uow.now,
            measured_by=uow.actor.name,
        )
    )


@each_hour
def measure_when_due(uow: UnitOfWork) -> None:
    """Measure if that was not done for a day, in the way in which it was done last."""
    last = last_measurement(uow)
    if last is None:
        measure(uow, source="deals", months=None)
    elif uow.now - last.measured_at >= _FRESH:
        measure(uow, source=last.source, months=last.months)


def last_measurement(uow: UnitOfWork) -> ValueMeasurement | None:
    """Return the newest measurement, or None."""
    newest = select(ValueMeasurement).order_by(ValueMeasurement.id.desc()).limit(1)
    return uow.session.scalars(newest).one_or_none()


def _value(column: Any) -> Expression:
    def expression(account: Any) -> Any:
        found = select(column).where(CustomerValue.account_id == account.id)
        return found.correlate_except(CustomerValue).scalar_subquery()

    return expression


_AMOUNTS: Final = (("deal", "amount"), ("invoice", "taxable"))
for _field in (
    FurtherField("recency", "Recency, 1 to 5", "number", expression=_value(CustomerValue.recency)),
    FurtherField(
        "frequency", "Frequency, 1 to 5", "number", expression=_value(CustomerValue.frequency)
    ),
    FurtherField(
        "monetary",
        "Monetary value, 1 to 5",
        "number",
        expression=_value(CustomerValue.monetary),
        reads=_AMOUNTS,
    ),
    FurtherField(
        "abc_class",
        "ABC class",
        "choice",
        choices=CLASSES,
        expression=_value(CustomerValue.abc_class),
        reads=_AMOUNTS,
    ),
    FurtherField(
        "last_bought_on", "Last purchase", "date", expression=_value(CustomerValue.last_on)
    ),
    FurtherField("purchases", "Purchases", "number", expression=_value(CustomerValue.purchases)),
    FurtherField(
        "bought_amount",
        "Sum of purchases",
        "money",
        expression=_value(CustomerValue.amount),
        reads=_AMOUNTS,
    ),
):
    register_further_field("account", _field)

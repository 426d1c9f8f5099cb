"""SQL and Python give the same answer to any filter, on any record, for anybody."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.test_filtering import condition, found

TEXTS = st.text("aAbİıIßSé%_\\ .ЯяӨө", min_size=1, max_size=3)  # noqa: RUF001 - letters that differ in case
DAYS = st.sampled_from(
    [
        "today",
        "yesterday",
        "this week",
        "last month",
        "last 2 days",
        "next 3 months",
        "2026-03-02",
        "2026-03-03",
        "1999-01-01",
    ]
)
AMOUNTS = st.sampled_from(["0", "0.5", "10", 700, "9999"])
ROLES = st.sampled_from(["anna", "boris", "maria"])


def _texts(field):
    piece = st.sampled_from(["contains", "not_contains", "starts", "ends", "eq", "ne"])
    return st.one_of(
        st.builds(condition, st.just(field), piece, TEXTS.filter(str.strip)),
        st.builds(
            condition,
            st.just(field),
            st.sampled_from(["in", "not_in"]),
            st.lists(TEXTS.filter(str.strip), max_size=3),
        ),
        st.builds(condition, st.just(field), st.sampled_from(["empty", "not_empty"])),
    )


def _ordered(field, values):
    one = st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"])
    return st.one_of(
        st.builds(condition, st.just(field), one, values),
        st.builds(
            condition,
            st.just(field),
            st.just("between"),
            st.lists(values, min_size=2, max_size=2),
        ),
        st.builds(
            condition,
            st.just(field),
            st.sampled_from(["in", "not_in"]),
            st.lists(values, max_size=3),
        ),
        st.builds(condition, st.just(field), st.sampled_from(["empty", "not_empty"])),
    )


PEOPLE = st.builds(
    condition,
    st.sampled_from(["owner_id", "account.owner_id"]),
    st.sampled_from(["in", "not_in"]),
    st.lists(st.sampled_from(["me", "my team"]), max_size=2),
)
STAGES = st.builds(
    condition,
    st.just("stage"),
    st.sampled_from(["in", "not_in"]),
    st.lists(st.sampled_from(["new", "won", "lost"]), max_size=2),
)
LEAVES = st.one_of(
    _texts("name"),
    _texts("needs"),
    _texts("account.city"),
    _texts("account.owner.name"),
    _ordered("amount", AMOUNTS),
    _ordered("expected_close_on", DAYS),
    _ordered("created_at", DAYS),
    _ordered("account.created_at", DAYS),
    PEOPLE,
    STAGES,
    st.builds(condition, st.just("account_id"), st.sampled_from(["empty", "not_empty"])),
    st.builds(lambda text: {"q": text}, TEXTS.filter(str.strip)),
)


def _groups(parts):
    return st.one_of(
        st.builds(lambda some: {"and": some}, st.lists(parts, max_size=3)),
        st.builds(lambda some: {"or": some}, st.lists(parts, max_size=3)),
        st.builds(lambda part: {"not": part}, parts),
    )


FILTERS = st.recursive(LEAVES, _groups, max_leaves=5)


ACCOUNT_FILTERS = st.builds(
    lambda quantifier, where: {quantifier: "deals", "where": where},
    st.sampled_from(["some", "none"]),
    LEAVES,
)


def _fill(staff, clock):
    people = {name: actor.user_id for name, actor in staff.people.items()}
    accounts = [
        staff.do("account.create", name=name, city=city, owner_id=people[owner])
        for name, city, owner in [
            ("A", "İs ta%n", "anna"),
            ("B", "ЯЯ_ө", "boris"),
            ("C", None, "boris"),
        ]
    ]
    names = ["aA", "Aß", "bI", "ıB", "İ%", "_é", "Ө\\", "s.S", "ab a", "É"]  # noqa: RUF001
    for number, name in enumerate(names):
        clock.advance(timedelta(hours=7))
        values = {"needs": names[-number]} if number % 3 else {}
        if number % 4:
            values["expected_close_on"] = f"2026-0{1 + number % 6}-0{2 + number % 3}"
        staff.do(
            "deal.create",
            name=name,
            amount=[0, "0.5", 10, 700][number % 4],
            account_id=[None, *(one.id for one in accounts)][number % 4],
            owner_id=people[["anna", "boris", "maria"][number % 3]],
            **values,
        )


def test_sql_and_python_agree_when_a_filter_is_any(staff, clock):
    _fill(staff, clock)

    @settings(max_examples=50)
    @given(raw=FILTERS, actor=ROLES)
    def agree(raw, actor):
        found(staff, "deal", raw, actor)

    @settings(max_examples=40)
    @given(raw=ACCOUNT_FILTERS, actor=ROLES)
    def agree_on_accounts(raw, actor):
        found(staff, "account", raw, actor)

    agree()
    agree_on_accounts()

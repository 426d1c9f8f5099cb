"""Searching all records: what is found, in which order, by whom."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from processes.jobs.draining import drain
from services.crm.contact_model import CONTACT, Contact
from services.errors import Invalid, NotFound
from services.people.model import find_signed_in
from services.records.lists import list_records
from services.records.types import all_record_types
from services.rights.book import RightsBook
from services.search.conditions import is_found
from services.search.finding import Rank, find_records, searching
from services.search.words import (
    as_title_tsquery,
    as_tsquery,
    as_whole_tsquery,
    matches_words,
    read_query,
    search_text,
    split_words,
)
from services.unit_of_work import Job

WRITER = ["record:read", "record:write"]


def titles(desk, words, actor="maria", **kw):
    return [hit.title for hit in desk.ask(find_records, words, actor=actor, **kw)]


@pytest.fixture
def eva(staff):
    return staff.do(
        "contact.create",
        "boris",
        first_name="Eva",
        last_name="Lund",
        email="eva.lund@nordlys-skole.example",
        phone="+47 55 30 11 22",
    )


@pytest.mark.parametrize(
    "words",
    [
        "ev",
        "ev lu",
        "LUND eva",
        "eva.lund@nordlys-skole.example",
        "@nordlys",
        "lys-skole",
        "ordly",
        "+47 55 30",
        "0047 55 30 11 22",
        "30 11",
        "5301",
        "122",
    ],
)
def test_a_contact_is_found_when_a_piece_of_it_is_typed(staff, eva, words):
    staff.do("contact.create", last_name="Somebody", email="a@b.example", phone="+49 30 99 99 99")
    assert titles(staff, words) == ["Eva Lund"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("İbrahim Işık", "ibrahim isik"),  # noqa: RUF001 - the dotless i is meant
        ("Işıl Yıldız", "IŞIL"),  # noqa: RUF001 - so here
        ("Øyvind Åsgård", "oyvind asg"),
        ("Өнөрбаяр Мөнх", "онорбаяр монх"),
        ("Өнөрбаяр Мөнх", "өнөр"),
        ("Пётр Королёв", "петр королев"),
        ("José Ibáñez", "jose ibanez"),
        ("Jürgen Groß", "GROSS jurgen"),
        ("محمد الإسكندرية", "الاسكندريه"),
        ("שָׁלוֹם כהן", "שלום"),
        ("Siân O'Brien", "obrien"),
        ("Siân O'Brien", "o’brien"),  # noqa: RUF001 - as phones write it
        ("北京玻璃有限公司", "玻璃"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Jürgen Müller", "Juergen Mueller"),
        ("Jürgen Müller", "jurgen muell"),
        ("Juergen Mueller", "jürgen mül"),
        ("Sjöbloms Øyvind", "sjoebl oeyv"),
        ("Ångstrøm", "aangstroem"),
        ("Ångstrøm", "Angstroem"),
        ("Kråkstad", "kraakstad"),
        ("Preßburg Gruppe", "pressburg"),
        ("Ærø Færge", "aeroe faerge"),
        ("Jean-Luc Meyer-Schmidt", "jeanluc meyerschm"),
        ("Jeanluc Meyerschmidt", "Jean-Luc Meyer-Schm"),
        ("Siân O'Brien", "o brien"),
        ("Siân O Brien", "o'brien"),
        ("Gino D’Angelo", "angelo"),  # noqa: RUF001 - as phones write it
        ("Lars Mu\u0308ller", "mueller"),
    ],
)
def test_a_name_is_found_when_it_is_typed_without_its_accents(staff, name, typed):
    staff.do("contact.create", last_name="Berg")
    staff.do("account.create", name=name)
    assert titles(staff, typed) == [name]


def test_the_best_comes_first_when_much_matches(staff, eva):
    staff.do("account.create", name="Nordlys Skole")
    staff.do("account.create", name="The Nordlys")
    staff.do("account.create", name="Nordlys")
    staff.do("account.create", name="Nordlys Hotel")
    staff.do("account.create", name="Nordlysveien")
    hits = staff.ask(find_records, "nordlys", actor="maria")
    assert [(hit.title, hit.rank) for hit in hits] == [
        ("Nordlys", Rank.WHOLE),
        ("Nordlys Hotel", Rank.WORDS),
        ("Nordlys Skole", Rank.WORDS),
        ("The Nordlys", Rank.WORDS),
        ("Nordlysveien", Rank.TITLE),
        ("Eva Lund", Rank.ELSEWHERE),
    ]


def test_what_is_spelled_so_comes_first_when_others_have_it_with_umlauts(staff):
    for name in ("Mueller", "Muellerhof", "Nord Mueller", "Nord Müller", "Müller", "Müllerhof"):
        staff.do("account.create", name=name)
    for city in ("Muellheim", "Müllheim"):
        staff.do("account.create", name=f"Elsewhere {city[:4]}", city=city)
    hits = staff.ask(find_records, "mueller", actor="maria")
    assert [(hit.title, hit.rank) for hit in hits] == [
        ("Mueller", Rank.WHOLE),
        ("Nord Mueller", Rank.WORDS),
        ("Müller", Rank.WORDS_RESPELLED),
        ("Nord Müller", Rank.WORDS_RESPELLED),
        ("Muellerhof", Rank.TITLE),
        ("Müllerhof", Rank.TITLE_RESPELLED),
    ]
    assert titles(staff, "muellh", limit=1) == ["Elsewhere Muel"]
    assert titles(staff, "muellh") == ["Elsewhere Muel", "Elsewhere Müll"]


def test_a_number_comes_first_when_it_is_typed_in_full(staff):
    first = staff.do("lead.create", name="First")
    staff.do("lead.create", name=f"Asked about {first.number} again")
    assert titles(staff, first.number)[0] == "First"
    assert titles(staff, first.number.lower().replace("-", " "))[0] == "First"
    assert "First" in titles(staff, first.number.removeprefix("L-").lstrip("0"))


def test_a_rare_name_is_found_when_many_newer_records_lie_above_it(staff, monkeypatch):
    staff.do("account.create", name="Rare Bird")
    staff.do("account.create", name="Elsewhere", city="Rarotonga")
    for number in range(6):
        staff.do("account.create", name=f"Common {number}")
    monkeypatch.setattr("services.search.reading.LOOKED_AT", 2)
    monkeypatch.setattr("services.search.reading._LEAST", 2)
    assert titles(staff, "rare") == ["Rare Bird"]
    assert titles(staff, "rar") == ["Rare Bird", "Elsewhere"]
    assert titles(staff, "rar", actor="boris") == []
    # What is called so comes before the newer ones that only begin so.
    assert titles(staff, "com", limit=2) == ["Common 5", "Common 4"]
    staff.do("account.create", name="Com Ltd")
    for number in range(6, 9):
        staff.do("account.create", name=f"Common {number}")
    assert titles(staff, "com", limit=2) == ["Com Ltd", "Common 8"]
    assert len(titles(staff, "common", limit=3)) == 3


@pytest.mark.parametrize("words", ["", "   ", "'!:&|<>*", "%_%", "()", "\\", "\x00", "\ud800", "—"])
def test_nothing_is_found_when_there_is_no_word(staff, eva, words):
    assert titles(staff, words) == []
    if words.strip():
        assert staff.ask(list_records, "contact", search=words).items == []


@pytest.mark.parametrize(
    "words",
    ["eva'", "eva:*", "!eva", "eva & lund", "eva | zzz", "e\x00va", "lund <-> eva", "eva\\"],
)
def test_signs_of_queries_mean_nothing_when_they_are_typed(staff, eva, words):
    assert set(titles(staff, words)) <= {"Eva Lund"}


def test_a_long_text_is_cut_when_it_is_looked_for(staff, eva):
    assert titles(staff, "eva lund " + "lund " * 5_000) == ["Eva Lund"]
    assert titles(staff, "x" * 10_000) == []


def test_a_long_title_is_found_when_it_has_thousands_of_words(staff):
    words = search_text("account", "Beginning " + "y" * 3_000 + " word" * 2_000, ["z" * 9_000])
    assert len(words) < 10_000
    name = "Beginning " + " ".join(f"w{number}" for number in range(40))
    staff.do("account.create", name=name, city="Hamar " + "y" * 190)
    assert titles(staff, "beginning") == titles(staff, "hamar") == [name]


@pytest.mark.parametrize(("who", "sees"), [("maria", 1), ("boris", 1), ("anna", 0), ("sven", 0)])
def test_others_records_are_not_found_when_they_may_not_be_seen(staff, eva, who, sees):
    assert len(titles(staff, "eva", actor=who)) == sees
    assert len(staff.ask(list_records, "contact", search="eva", actor=who).items) == sees


def test_a_teams_record_is_found_when_it_belongs_to_ones_group(staff, eva):
    (sales,) = staff.people["boris"].group_ids & staff.people["maria"].group_ids
    staff.do("contact.update", "maria", contact_id=eva.id, owner_id=None, team_id=sales)
    assert titles(staff, "eva", actor="boris") == ["Eva Lund"]
    assert titles(staff, "eva", actor="anna") == []


def test_a_shared_record_is_found_when_it_is_anothers(staff, eva):
    staff.do(
        "record.share",
        "boris",
        record_type="contact",
        record_id=eva.id,
        user_id=staff.people["sven"].user_id,
        level="read",
    )
    desk_sven = staff.ask(_signed_in, staff.people["sven"].user_id)
    assert titles(staff, "eva", actor=desk_sven) == ["Eva Lund"]


def _signed_in(uow, key: UUID):
    return find_signed_in(uow.session, uow.platform.part(RightsBook), key).actor


def test_a_hidden_field_finds_nothing_when_it_is_searched(staff, eva):
    role = staff.do(
        "role.create",
        name="Discreet",
        permissions=WRITER,
        records={"*": {"read": "all"}},
        field_rights={"contact": {"phone": "hidden"}},
    )
    nosy = staff.add_person("nosy", "Sales", roles=(role.key,), scope="all")
    assert titles(staff, "eva", actor=nosy) == ["Eva Lund"]
    for words in ("+47 55 30 11 22", "5530", "nordlys", "eva.lund@nordlys-skole.example"):
        assert titles(staff, words, actor=nosy) == []
        assert staff.ask(list_records, "contact", search=words, actor=nosy).items == []


def test_a_record_is_not_found_while_it_lies_in_the_bin(staff, eva):
    which = {"record_type": "contact", "record_id": eva.id}
    staff.do("record.delete", "boris", **which)
    assert titles(staff, "eva") == []
    staff.do("record.restore", "boris", **which)
    assert titles(staff, "eva") == ["Eva Lund"]


@pytest.mark.parametrize("verb", ["delete", "restore"])
def test_the_bin_counts_alike_when_one_record_is_asked_whether_it_matches(staff, eva, verb):
    which = {"record_type": "contact", "record_id": eva.id}
    staff.do("record.delete", "boris", **which)
    if verb == "restore":
        staff.do("record.restore", "boris", **which)

    def matches(uow):
        return is_found(uow, CONTACT, "eva", uow.session.get(Contact, eva.id))

    assert staff.ask(matches) is (verb == "restore")


def test_only_the_kept_one_is_found_when_two_are_merged(staff, eva):
    other = staff.do("contact.create", "boris", first_name="Eva M", last_name="Lund")
    staff.do("record.merge", "boris", record_type="contact", kept_id=other.id, dropped_id=eva.id)
    assert titles(staff, "eva") == ["Eva M Lund"]
    assert titles(staff, "5530") == ["Eva M Lund"]


def test_the_new_name_is_found_when_a_record_is_renamed(staff, eva):
    staff.do("contact.update", "boris", contact_id=eva.id, last_name="Dahl")
    assert titles(staff, "lund", types=["contact"]) == ["Eva Dahl"]  # by its address still
    assert titles(staff, "dahl") == ["Eva Dahl"]


def test_only_some_types_are_found_when_they_are_named(staff, eva):
    staff.do("account.create", name="Eva's Windows")
    staff.do("product.create", name="Eva chair", code="EVA-1")
    assert titles(staff, "eva", types=["account"]) == ["Eva's Windows"]
    assert set(titles(staff, "eva", types=["contact", "product"])) == {"Eva Lund", "Eva chair"}
    assert set(titles(staff, "eva", actor="anna")) == {"Eva chair"}
    with pytest.raises(NotFound):
        staff.ask(find_records, "eva", types=["no_such"])


@pytest.mark.parametrize("limit", [0, 101])
def test_a_search_is_refused_when_its_limit_is_out_of_range(staff, limit):
    with pytest.raises(Invalid):
        staff.ask(find_records, "eva", limit=limit)


def test_a_search_takes_few_statements_when_something_is_found(staff, eva):
    staff.do("account.create", name="Eva's Windows")
    with staff.counting() as statements:
        assert len(titles(staff, "eva")) == 2
    assert len(statements) <= 5  # two or three for the index, one for each type that was found


def test_the_newest_of_all_are_read_as_one_list_when_every_type_is_named(staff):
    every = [found for found in all_record_types() if found.model.__search__]

    def is_everything(uow, types):
        return searching(uow, read_query("eva"), types).is_everything

    assert staff.ask(is_everything, every, actor="olga")
    assert not staff.ask(is_everything, every[:-1], actor="olga")


def test_every_record_table_keeps_the_index_when_it_is_made(desk):
    with desk.platform.session() as session:
        tables = session.scalars(
            text(
                "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
                " AND column_name = 'search_text' ORDER BY 1"
            )
        ).all()
        kept = session.scalars(
            text(
                "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'search\\_%'"
                " GROUP BY 1 HAVING count(*) = 3 ORDER BY 1"
            )
        ).all()
    assert list(tables) == list(kept) != []


def test_an_added_text_is_found_until_its_field_is_retired(staff):
    field = staff.do("custom_field.create", record_type="account", label="Vessel", kind="text")
    account = staff.do("account.create", name="Lund Boats", c_vessel="Windjammer")
    assert titles(staff, "windj") == ["Lund Boats"]
    staff.do("account.update", account_id=account.id, c_vessel="Schooner")
    assert (titles(staff, "windj"), titles(staff, "schoon")) == ([], ["Lund Boats"])
    staff.do("custom_field.retire", field_id=field["id"])
    drain(staff.platform)
    assert titles(staff, "schoon") == []
    staff.do("custom_field.restore", field_id=field["id"])
    drain(staff.platform)
    assert titles(staff, "schoon") == ["Lund Boats"]


def test_an_added_number_is_found_from_when_its_field_becomes_a_text(staff):
    field = staff.do("custom_field.create", record_type="account", label="Berth", kind="number")
    staff.do("account.create", name="Lund Boats", c_berth=7741)
    assert titles(staff, "7741") == []
    staff.do("custom_field.update", field_id=field["id"], kind="text")
    drain(staff.platform)
    assert titles(staff, "7741") == ["Lund Boats"]


def test_an_added_text_finds_nothing_when_it_is_hidden(staff):
    staff.do("custom_field.create", record_type="account", label="Vessel", kind="text")
    staff.do("account.create", name="Lund Boats", c_vessel="Windjammer")
    role = staff.do(
        "role.create",
        name="Discreet",
        permissions=WRITER,
        records={"*": {"read": "all"}},
        field_rights={"account": {"c_vessel": "hidden"}},
    )
    nosy = staff.add_person("nosy", "Sales", roles=(role.key,), scope="all")
    assert titles(staff, "lund", actor=nosy) == ["Lund Boats"]
    assert titles(staff, "windjammer", actor=nosy) == []


def test_words_are_made_anew_when_the_index_is_rebuilt(staff, eva):
    with staff.platform.engine.begin() as connection:
        connection.execute(
            text("UPDATE contacts SET search_text = '%contact old', match_key = 'old'")
        )
    assert titles(staff, "eva") == []
    staff.ask(_defer_rebuild)
    drain(staff.platform)
    assert titles(staff, "eva") == ["Eva Lund"]
    assert titles(staff, "old") == []
    assert staff.ask(lambda uow: uow.session.get(Contact, eva.id).match_key) == "eva lun"


def _defer_rebuild(uow):
    uow.defer(Job("search.rebuild", {}))


WORDS = st.text(
    st.one_of(st.sampled_from("aIiİıßøÅжө5 -@.'’"), st.characters(exclude_categories=["Cs"])),  # noqa: RUF001
    max_size=30,
)


@given(title=WORDS, value=WORDS)
def test_words_hold_no_spaces_nor_signs_of_queries_when_they_are_split(title, value):
    words = search_text("deal", title, [title, value]).split(" ")
    assert words[0] == "%deal"
    assert all(word and len(word) <= 121 for word in words)
    assert all(word.isalnum() for word in split_words(title))


@given(title=WORDS)
def test_a_title_matches_when_it_is_looked_for_itself(title):
    query = read_query(title)
    if query is not None:
        words = search_text("deal", title, [title])
        assert matches_words(query, words, by_title=False)
        assert matches_words(query, words, by_title=True)


def test_the_server_agrees_when_python_says_what_matches(desk):
    kept = [
        search_text("contact", name, [name, mail, phone])
        for name, mail, phone in (
            ("Anna Berg", "anna@nordlys.example", "+4755301122"),
            ("Bo Annasen", "bo@x-y.example", "+4912345678"),
            ("Windows 2000", "win@2000.example", "123"),
            ("Jörg O'Brien", "jö@muel.example", "123"),
            ("Joerg-Anna Müller", "x@ü.example", "4567"),
        )
    ]
    with desk.platform.session() as session:
        for typed in (
            "anna",
            "an be",
            "55 30",
            "530",
            "2000",
            "lys",
            "bo@x",
            "windows",
            "123",
            "x",
            "jörg o brien",
            "joerganna mu",
            "joerg-anna mueller",
            "mül",
            "ue",
        ):
            query = read_query(typed)
            for words in kept:
                for by_title in (False, True):
                    write = as_title_tsquery if by_title else as_tsquery
                    found = session.scalar(
                        text(
                            "SELECT array_to_tsvector(string_to_array(:words, ' '))"
                            " @@ CAST(:query AS tsquery)"
                        ),
                        {"words": words, "query": write(query)},
                    )
                    assert found is matches_words(query, words, by_title=by_title), (typed, words)
            session.execute(
                text("SELECT CAST(:query AS tsquery)"), {"query": as_whole_tsquery(query)}
            )


@pytest.mark.parametrize("few", [0, 1, 1_000])
@pytest.mark.parametrize("sort", ["name", "-name", "-created_at"])
def test_a_list_is_the_same_when_many_or_few_are_found(staff, monkeypatch, few, sort):
    monkeypatch.setattr("services.search.narrowing.FEW", few)
    for name in ("Berg 1", "Other", "Berg 2", "Berg 3"):
        staff.do("account.create", "boris", name=name)
    for who, sees in (("maria", 3), ("boris", 3), ("anna", 0)):
        page = staff.ask(list_records, "account", search="berg", sort=sort, actor=who)
        names = [account.name for account in page.items]
        assert names == sorted(names, reverse=sort != "name")
        assert len(names) == sees
        assert page.total == min(sees, few + 1)

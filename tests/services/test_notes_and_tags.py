"""Notes with their history and mentions, tags, the timeline's groups and a field's history."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.filtering.parsing import parse_filter
from services.records.field_history import field_history
from services.records.lists import list_records
from services.records.notes import find_mentioned, mentions_of, named_in_vain, note_versions
from services.records.timeline import timeline_of
from services.records.types import get_record_type
from services.tags.tags import list_tags, suggest_tags, tags_of


@pytest.fixture
def lead(staff):
    return staff.do("lead.create", "boris", name="Eva Lund")


def _note(staff, lead, words, who="boris"):
    staff.do("note.add", who, record_type="lead", record_id=lead.id, text=words)
    return staff.ask(timeline_of, "lead", lead.id, group="notes")[0]


def _tag(staff, lead, name, who="boris"):
    staff.do("record.tag", who, record_type="lead", record_id=lead.id, name=name)


def _tags(staff, lead):
    found = staff.ask(tags_of, [lead.id])
    return [tag.name for tag in found.get(lead.id, [])]


def test_what_a_note_said_before_is_kept_when_it_is_changed(staff, lead):
    other = _note(staff, staff.do("lead.create", "boris", name="Other"), "Else")
    staff.do("note.update", "boris", note_id=other.id, text="Other", seen="Else")
    note = _note(staff, lead, "Frist")
    staff.do("note.update", "boris", note_id=note.id, text="First", seen="Frist")
    [now] = staff.ask(timeline_of, "lead", lead.id, group="notes")
    [before] = staff.ask(note_versions, note.id, actor="boris")
    assert (now.body, before.text, before.replaced_by) == ("First", "Frist", "Boris")


def test_a_note_is_changed_by_its_author_alone(staff, lead):
    note = _note(staff, lead, "Mine")
    for who in ("maria", "olga"):
        with pytest.raises(NotAllowed):
            staff.do("note.update", who, note_id=note.id, text="Hers")
    with pytest.raises(NotFound):
        staff.do("note.update", "sven", note_id=note.id, text="His")


def test_a_change_of_a_note_is_refused_when_it_was_changed_meanwhile(staff, lead):
    note = _note(staff, lead, "One")
    staff.do("note.update", "boris", note_id=note.id, text="Two", seen="One")
    with pytest.raises(Conflict):
        staff.do("note.update", "boris", note_id=note.id, text="Three", seen="One")


def test_a_deleted_note_is_read_by_its_author_alone_until_it_is_back(staff, lead):
    note = _note(staff, lead, "Too much said, @Maria")
    with pytest.raises(NotAllowed):
        staff.do("note.delete", "maria", note_id=note.id)
    staff.do("note.delete", "boris", note_id=note.id)
    staff.do("note.delete", "boris", note_id=note.id)
    [entry] = staff.ask(timeline_of, "lead", lead.id, group="notes", actor="maria")
    assert (entry.body, staff.ask(mentions_of, actor="maria")) == (None, [])
    said = {who: staff.ask(note_versions, note.id, actor=who) for who in ("maria", "boris")}
    assert [len(versions) for versions in said.values()] == [0, 1]
    with pytest.raises(Conflict):
        staff.do("note.update", "boris", note_id=note.id, text="Nothing")
    staff.do("note.restore", "boris", note_id=note.id)
    [entry] = staff.ask(timeline_of, "lead", lead.id, group="notes")
    assert (entry.body, len(staff.ask(mentions_of, actor="maria"))) == ("Too much said, @Maria", 1)
    assert staff.ask(note_versions, note.id) == []


def test_it_is_known_who_is_named_in_vain_when_they_may_not_see_the_record(staff, lead):
    words = "@Maria, @Sven and @Nobody"
    assert staff.ask(named_in_vain, words, lead, actor="boris") == ["Sven"]


def test_whoever_is_named_is_told_until_the_name_goes(staff, lead):
    note = _note(staff, lead, "@Maria and @olga@lanewise.example, see boris@anna.example")
    for who, number in (("maria", 1), ("olga", 1), ("anna", 0)):
        assert len(staff.ask(mentions_of, actor=who)) == number, who
    staff.do("mention.read", "olga")
    staff.do("note.update", "boris", note_id=note.id, text="@Olga only")
    assert staff.ask(mentions_of, actor="maria") == []
    assert staff.ask(mentions_of, actor="olga") == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("@Мөнх эрдэнэ", ["Мөнх Эрдэнэ"]),
        ("@Işıl", []),  # noqa: RUF001 - two have this first name
        ("@Işıl Kaya!", ["Işıl Kaya"]),  # noqa: RUF001
        ("@יעל.", ["יעל כהן"]),
        ("@Мөнхөө @ @@", []),
        ("a@Мөнх", []),
    ],
)
def test_names_of_all_scripts_are_found_in_notes(staff, words, named):
    names = ("Мөнх Эрдэнэ", "Işıl Kaya", "Işıl Demir", "יעל כהן")  # noqa: RUF001
    for number, name in enumerate(names):
        staff.do("user.create", name=name, email=f"p{number}@x.example",
                 password="a long enough phrase", roles=["employee"])  # fmt: skip
    found = staff.ask(find_mentioned, words)
    assert [person.name for person in found] == named


def test_each_group_of_a_timeline_tells_its_own(staff, lead):
    _note(staff, lead, "A note")
    staff.do("lead.update", "boris", lead_id=lead.id, company="Nordlys")
    staff.do("activity.log", "boris", kind="call", subject="x", regarding_type="lead",
             regarding_id=lead.id)  # fmt: skip
    counts = {
        group: len(staff.ask(timeline_of, "lead", lead.id, group=group))
        for group in ("notes", "mail", "activities", "process", "changes", None)
    }
    assert counts == {
        "notes": 1, "mail": 0, "activities": 1, "process": 0, "changes": 2, None: 4,
    }  # fmt: skip
    with pytest.raises(Invalid):
        staff.ask(timeline_of, "lead", lead.id, group="nonsense")


def test_a_page_of_five_thousand_entries_is_cut_by_its_index(staff, lead):
    with staff.platform.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO timeline_entries (id, at, kind, actor_name, title, details,"
                " record_type, record_id, record_title)"
                " SELECT gen_random_uuid(), now() + i * interval '1 second', 'note', 'x', i,"
                " '{}', 'lead', :id, 'x' FROM generate_series(1, 5000) i"
            ),
            {"id": lead.id},
        )
        connection.execute(text("ANALYZE timeline_entries"))
    with staff.counting() as statements:
        first = staff.ask(timeline_of, "lead", lead.id, limit=30)
    second = staff.ask(timeline_of, "lead", lead.id, before=first[-1].id, limit=30)
    assert [entry.title for entry in (first[0], first[-1], second[0])] == ["5000", "4971", "4970"]
    assert len([one for one in statements if "timeline_entries" in one]) == 1


def test_a_fields_history_tells_who_changed_it_from_what_to_what(staff, lead):
    for company in ("One", "Two"):
        staff.do("lead.update", "boris", lead_id=lead.id, company=company, score=5)
    changes = staff.ask(field_history, "lead", lead.id, "company", actor="boris")
    assert [(one.actor_name, one.old, one.new) for one in changes] == [
        ("Boris", "One", "Two"),
        ("Boris", None, "One"),
    ]
    everything = staff.ask(field_history, "lead", lead.id, actor="boris")
    assert sorted(one.field for one in everything) == ["company", "company", "score"]
    older = staff.ask(field_history, "lead", lead.id, "company", before=changes[0].id)
    assert [one.new for one in older] == ["One"]


def test_the_history_of_what_one_may_not_see_is_not_found(staff, lead):
    with pytest.raises(NotFound):
        staff.ask(field_history, "lead", lead.id, "no_such_field")
    with pytest.raises(NotFound):
        staff.ask(field_history, "lead", lead.id, "company", actor="sven")


def test_a_tag_is_one_however_it_is_written(staff, lead):
    for name in ("Key  Customer", "key customer", "KEY CUSTOMER"):
        _tag(staff, lead, name)
    assert _tags(staff, lead) == ["Key Customer"]
    assert [(tag.name, uses) for tag, uses in staff.ask(list_tags)] == [("Key Customer", 1)]


def test_a_tag_is_made_once_when_two_use_it_at_once(staff, lead):
    other = staff.do("lead.create", "boris", name="Other")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: _tag(staff, one, "New"), (lead, other)))
    assert [uses for _, uses in staff.ask(list_tags)] == [2]


def test_a_tag_comes_off_again_and_stays_on_others(staff, lead):
    other = staff.do("lead.create", "boris", name="Other")
    for one, name in ((lead, "Hot"), (lead, "Warm"), (other, "Hot")):
        _tag(staff, one, name)
    staff.do("record.untag", "boris", record_type="lead", record_id=lead.id, name="hot")
    assert (_tags(staff, lead), _tags(staff, other)) == (["Warm"], ["Hot"])
    assert staff.events().count("lead.untagged") == 1


@pytest.mark.parametrize("name", ["", "  ", ",", "x" * 51])
def test_a_tag_needs_a_short_name(staff, lead, name):
    with pytest.raises(Invalid):
        _tag(staff, lead, name)


def test_records_of_others_are_not_tagged(staff, lead):
    with pytest.raises(NotFound):
        _tag(staff, lead, "Mine", who="sven")


def test_what_carried_either_carries_one_when_tags_are_merged(staff, lead):
    other = staff.do("lead.create", "boris", name="Other")
    for one, name in ((lead, "Hot"), (lead, "Warm"), (other, "Hot")):
        _tag(staff, one, name)
    keys = {tag.name: tag.id for tag, _ in staff.ask(list_tags)}
    staff.do("tag.merge", "olga", tag_id=keys["Hot"], into_id=keys["Warm"])
    assert (_tags(staff, lead), _tags(staff, other)) == (["Warm"], ["Warm"])


def test_a_tag_is_renamed_everywhere_but_not_to_another(staff, lead):
    for name in ("Hot", "Warm"):
        _tag(staff, lead, name)
    keys = {tag.name: tag.id for tag, _ in staff.ask(list_tags)}
    staff.do("tag.update", "olga", tag_id=keys["Hot"], name="Boiling", colour="red")
    assert _tags(staff, lead) == ["Boiling", "Warm"]
    with pytest.raises(Invalid, match="merge"):
        staff.do("tag.update", "olga", tag_id=keys["Hot"], name="WARM")
    with pytest.raises(NotAllowed):
        staff.do("tag.delete", "boris", tag_id=keys["Hot"])
    staff.do("tag.delete", "olga", tag_id=keys["Hot"])
    assert _tags(staff, lead) == ["Warm"]


def test_tags_are_suggested_by_their_beginning_and_use(staff, lead):
    for name in ("Custom", "Customer", "Key customer"):
        _tag(staff, lead, name)
    _tag(staff, staff.do("lead.create", "boris", name="Other"), "Customer")
    found = staff.ask(suggest_tags, "cust%"[:4])
    assert [tag.name for tag in found] == ["Customer", "Custom", "Key customer"]
    assert staff.ask(suggest_tags, "%") == []


def test_records_are_filtered_by_their_tags(staff, lead):
    staff.do("lead.create", "boris", name="Other")
    _tag(staff, lead, "Hot")
    asked = {"some": "tags", "where": {"field": "name", "op": "eq", "value": "Hot"}}

    def ask(uow):
        where = parse_filter(get_record_type("lead"), asked)
        return [one.id for one in list_records(uow, "lead", where=where).items]

    assert staff.ask(ask, actor="boris") == [lead.id]


def test_tags_stay_once_when_records_are_merged(staff, lead):
    other = staff.do("lead.create", "boris", name="Eva Lund")
    for one, name in ((lead, "Hot"), (other, "Hot"), (other, "New")):
        _tag(staff, one, name)
    made = staff.do("record.merge", "boris", record_type="lead", kept_id=lead.id,
                    dropped_id=other.id)  # fmt: skip
    assert _tags(staff, lead) == ["Hot", "New"]
    staff.do("record.unmerge", "boris", merge_id=made["merge_id"])
    assert (_tags(staff, lead), _tags(staff, other)) == (["Hot"], ["Hot", "New"])

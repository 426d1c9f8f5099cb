"""The audit's hash chain: whatever is done to a sealed entry is found."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.audit_chain import GENESIS, Head, find_head, seal_audit, verify_audit


@pytest.fixture
def sealed(staff):
    """An installation with some sealed entries."""
    for number in range(4):
        staff.do("lead.create", "anna", name=f"Lead {number}", company="Ürün ☂")
    assert seal_audit(staff.platform) > 4
    return staff


def _tamper(desk, statement: str) -> None:
    with desk.platform.engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount >= 1


def test_the_log_is_whole_when_nobody_touched_it(sealed):
    verdict = verify_audit(sealed.platform)
    assert verdict.faults == []
    assert verdict.count == verdict.head.position > 4
    assert verdict.head == find_head(sealed.platform)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE {} SET actor_name = 'Boris' WHERE position = 3", "at position 3 was altered"),
        ("UPDATE {} SET at = at + interval '1 s' WHERE position = 3", "at position 3 was altered"),
        ("UPDATE {} SET arguments = '{{}}' WHERE position = 3", "at position 3 was altered"),
        ("UPDATE {} SET refused = NOT refused WHERE position = 3", "at position 3 was altered"),
        ("DELETE FROM {} WHERE position = 3", "Position 3 is missing"),
        ("DELETE FROM {} WHERE position IN (2, 3)", "Position 2 and more is missing"),
        ("UPDATE {} SET position = position + 1000 WHERE position = 3", "Position 3 is missing"),
    ],
)
def test_a_fault_is_found_when_an_entry_is_tampered_with(sealed, change, fault):
    _tamper(sealed, change.format("audit_entries"))
    assert fault in verify_audit(sealed.platform).faults[0]


def test_a_cut_end_is_found_when_the_head_was_kept(sealed):
    kept = find_head(sealed.platform)
    _tamper(sealed, f"DELETE FROM audit_entries WHERE position = {kept.position}")
    assert verify_audit(sealed.platform).faults == []
    (fault,) = verify_audit(sealed.platform, kept).faults
    assert f"after position {kept.position - 1} are missing" in fault


def test_a_chain_built_anew_is_found_when_the_head_was_kept(sealed):
    kept = find_head(sealed.platform)
    _tamper(sealed, "UPDATE audit_entries SET actor_name = 'Boris' WHERE position = 2")
    _tamper(sealed, "UPDATE audit_entries SET position = NULL, chain_hash = NULL")
    seal_audit(sealed.platform)
    assert verify_audit(sealed.platform).faults == []
    (fault,) = verify_audit(sealed.platform, kept).faults
    assert "is not the one that was known" in fault


def test_entries_join_the_chain_when_they_come_later(sealed):
    before = find_head(sealed.platform)
    sealed.do("lead.create", "anna", name="One more")
    assert seal_audit(sealed.platform) == 1
    verdict = verify_audit(sealed.platform, before)
    assert (verdict.faults, verdict.head.position) == ([], before.position + 1)


def test_each_entry_is_sealed_once_when_several_seal_at_the_same_time(staff):
    for number in range(30):
        staff.do("lead.create", name=f"Lead {number}")

    def seal():
        for _ in range(20):
            seal_audit(staff.platform, at_most=3)

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while seal_audit(staff.platform):
        pass
    verdict = verify_audit(staff.platform)
    assert verdict.faults == []
    assert verdict.count >= 30


def test_entries_are_told_of_when_nobody_seals_them(staff, clock):
    staff.do("lead.create", name="Eva")
    clock.advance(timedelta(minutes=2))
    assert verify_audit(staff.platform).late >= 1


@pytest.mark.parametrize("shown", ["", "3", "x:00", "3:zz", "-1:" + "00" * 32, "3:00"])
def test_a_head_is_refused_when_it_is_none(shown):
    with pytest.raises(ValueError, match=r".*"):
        Head.parse(shown)


def test_a_head_is_read_as_it_is_shown():
    head = Head(7, GENESIS)
    assert Head.parse(str(head)) == head

"""The commands of ``flask``."""

from __future__ import annotations

import socket
from datetime import timedelta

import click
import pytest
from sqlalchemy import func, select, text

from app import create_app
from app.cli.clock import read_duration
from app.cli.start import prepare
from config import ROOT
from processes.deploying.definition_tables import ProcessVersion
from services.actors import SYSTEM
from services.clock import AdjustableClock
from services.crm.lead_model import Lead
from services.operations import run
from services.people.model import Group, User
from services.platform import Platform
from tests.processes.world import as_file, one_task


@pytest.fixture
def flask(platform, front_end):
    """Run a command line of ``flask``."""
    runner = create_app(platform, front_end=front_end).test_cli_runner()
    return lambda *words: runner.invoke(args=list(words))


@pytest.fixture
def diagram(tmp_path):
    """A diagram in a folder."""
    file = as_file(one_task())
    path = tmp_path / file["name"]
    path.write_text(file["content"], encoding="utf-8")
    return path


def test_files_are_deployed_from_a_folder(flask, diagram, platform):
    result = flask("process", "deploy", str(diagram.parent), "--note", "by hand")
    assert result.exit_code == 0
    assert result.output == "Process p (p): version 1\n"
    with platform.session() as session:
        assert session.scalars(select(ProcessVersion.key)).all() == ["p"]
    assert "everything is deployed already" in flask("process", "deploy", str(diagram)).output


def test_a_refused_deployment_prints_a_table_and_fails(flask, diagram):
    broken = diagram.read_text("utf-8").replace("userTask", "serviceTask")
    diagram.write_text(broken, encoding="utf-8")
    result = flask("process", "deploy", str(diagram))
    assert result.exit_code == 1
    head, *rows = result.stderr.splitlines()
    assert head.split("  ")[0] == "File"
    assert any("p.bpmn" in row and "ask" in row for row in rows)


def test_a_path_that_is_not_there_is_refused(flask, tmp_path):
    assert flask("process", "deploy", str(tmp_path / "nothing")).exit_code == 2


def test_the_database_is_migrated(flask):
    result = flask("db", "migrate")
    assert result.exit_code == 0, result.output
    assert "The database is at revision" in result.output


def test_essentials_are_put_in_once(flask, platform):
    for _ in range(2):
        assert flask("seed", "essentials").exit_code == 0
    with platform.session() as session:
        names = session.scalars(select(Group.name)).all()
    assert sorted(names) == ["Managers", "Production", "Sales", "Service"]


def test_the_demo_is_put_in_once(flask, platform):
    for _ in range(2):
        assert flask("seed", "demo").exit_code == 0
    with platform.session() as session:
        assert len(session.scalars(select(User.email)).all()) == 7


def test_the_demo_stays_out_of_production(platform_with, front_end):
    app = create_app(platform_with(environment="production"), front_end=front_end)
    result = app.test_cli_runner().invoke(args=["seed", "demo"])
    assert result.exit_code == 1
    assert "not in production" in result.output


def test_the_first_administrator_is_made(flask, platform):
    words = ("user", "create", "olga@x.example", "Olga", "--role", "administrator")
    result = flask(*words, "--password", "a long enough secret")
    assert result.output == "Olga may sign in as olga@x.example.\n"
    with platform.session() as session:
        assert session.scalars(select(User.roles)).one() == ["administrator"]
    again = flask(*words, "--password", "a long enough secret")
    assert again.exit_code == 1
    assert "There is a user with the address" in again.output


def test_a_weak_password_is_refused_in_words(flask):
    result = flask("user", "create", "a@x.example", "Anna", "--password", "short")
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_the_clock_is_moved_when_it_may_be(platform, front_end):
    clock = AdjustableClock(lambda: platform.engine)
    app = create_app(Platform(platform.settings, platform.engine, clock), front_end=front_end)
    before = clock.now()
    result = app.test_cli_runner().invoke(args=["clock", "advance", "P7DT1H"])
    assert result.exit_code == 0
    assert clock.now() - before >= timedelta(days=7, hours=1)


def test_the_clock_stays_when_it_may_not_be_moved(flask):
    result = flask("clock", "advance", "P7D")
    assert result.exit_code == 1
    assert "LANEWISE_CLOCK=adjustable" in result.output


def test_the_clock_is_shown(flask):
    assert flask("clock", "show").output == "2026-03-02T09:00:00+00:00\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("P7D", timedelta(days=7)),
        ("P1W2D", timedelta(days=9)),
        ("PT2H30M", timedelta(hours=2, minutes=30)),
        ("P1DT5S", timedelta(days=1, seconds=5)),
    ],
)
def test_a_duration_is_read(written, meant):
    assert read_duration(written) == meant


@pytest.mark.parametrize("written", ["", "P", "PT", "7D", "P1M", "P1Y", "-P1D", "P0D", "1 day"])
def test_what_is_no_fixed_duration_is_refused(written):
    with pytest.raises(click.BadParameter):
        read_duration(written)


def test_jobs_are_drained(flask, platform, lead_of):
    lead_of("employee")
    assert flask("jobs", "drain").exit_code == 0
    with platform.session() as session:
        waiting = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
        assert session.scalar(waiting) == 0


def test_a_first_start_of_a_demo_puts_everything_in(platform_with, front_end):
    platform = platform_with(environment="demo")
    app = create_app(platform, front_end=front_end)
    with app.app_context():
        prepare(platform)
        prepare(platform)
    with platform.session() as session:
        assert set(session.scalars(select(ProcessVersion.key))) == {
            "deal",
            "lead",
            "service-request",
        }
        assert session.scalars(select(Lead)).first() is not None


def test_made_up_records_stay_out_of_production_unless_forced(platform_with, front_end):
    app = create_app(platform_with(environment="production"), front_end=front_end)
    refused = app.test_cli_runner().invoke(args=["demo", "seed", "--scale", "0.0001"])
    assert refused.exit_code == 1
    assert "not in production" in refused.output
    forced = app.test_cli_runner().invoke(args=["demo", "seed", "--scale", "0.0001", "--force"])
    assert forced.exit_code == 0, forced.output
    assert "are there" in forced.output


def test_a_first_start_in_production_makes_no_people(platform_with, front_end):
    platform = platform_with(environment="production")
    app = create_app(platform, front_end=front_end)
    with app.app_context():
        prepare(platform)
    with platform.session() as session:
        assert session.scalars(select(User)).all() == []
        assert len(session.scalars(select(ProcessVersion)).all()) == 3


def test_what_ships_is_not_deployed_over_a_later_version_when_started_again(
    platform_with, front_end
):
    platform = platform_with(environment="production")
    app = create_app(platform, front_end=front_end)
    shipped = (ROOT / "bpmn" / "lead.bpmn").read_text(encoding="utf-8")
    changed = {"name": "lead.bpmn", "content": shipped.replace("Qualify lead", "Look at lead")}
    with app.app_context():
        prepare(platform)
        deploy = {"files": [changed], "note": "another name"}
        platform.transact(SYSTEM, lambda uow: run(uow, "process.deploy", deploy))
        prepare(platform)
    with platform.session() as session:
        newest = select(func.max(ProcessVersion.version)).where(ProcessVersion.key == "lead")
        assert session.scalar(newest) == 2


def test_a_port_that_is_taken_is_named(flask):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = flask("start", "--port", str(port))
    assert result.exit_code == 1
    assert f"Port {port} of 127.0.0.1 can't be used" in result.output
    assert "PORT=8001" in result.output


def test_the_audit_is_verified_from_its_first_entry_to_a_kept_head(flask, platform):
    platform.transact(SYSTEM, lambda uow: run(uow, "group.create", {"name": "Friends"}))
    kept = flask("audit", "head").output.strip()
    assert kept.startswith("1:")
    assert "1 entries are whole" in flask("audit", "verify", "--head", kept).output
    with platform.engine.begin() as connection:
        connection.execute(text("UPDATE audit_entries SET actor_name = 'Nobody'"))
    broken = flask("audit", "verify")
    assert broken.exit_code == 1
    assert "Entry" in broken.output
    assert "The audit log is not what it was." in broken.output
    assert "POSITION:HASH" in flask("audit", "verify", "--head", "yesterday").output


def test_a_message_is_sent_listed_and_dropped(flask, platform):
    sent = flask("message", "correlate", "ready", "--key", "order=7", "--payload", '{"n": 1}')
    assert sent.exit_code == 0
    flask("jobs", "drain")
    (line,) = flask("message", "list").output.splitlines()
    assert "ready  order=7" in line
    assert flask("message", "delete", line.split()[0]).output == "Dropped: ready\n"
    assert flask("message", "list").output == "No message waits.\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--payload", "{"), "no JSON"),
        (("--payload", "[]"), "a JSON object"),
        (("--payload", '{"deal": 1}'), "a process knows its record by this name"),
        (("--key", "order"), "NAME=VALUE"),
        (("--time-to-live", "long"), "is no duration"),
    ],
)
def test_a_message_is_refused_in_words_when_it_is_none(flask, words, reason):
    result = flask("message", "correlate", "ready", *words)
    assert (result.exit_code != 0, reason in result.output) == (True, True)


def test_a_signal_is_sent(flask):
    assert flask("message", "broadcast", "closing").output.startswith("Signal ")

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config import ROOT
from services import throwaway
from services.throwaway import throwaway_server

HOLD = """
import signal
import sys
from pathlib import Path
# Where the tests run in the background, this signal is ignored by whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
from services.throwaway import throwaway_server
with throwaway_server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    # Not below pytest's own folder: that is closed to the user whom the server runs as for root.
    folder = Path(tmp_path_factory.getbasetemp()).parents[1] / f"lanewise-kept-{os.getpid()}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def holding(kept):
    """Start a program that holds a server; yields a function, which ends them all."""
    started = []

    def hold():
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-W", "ignore", "-c", HOLD, str(kept)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield hold
    for process in started:
        process.kill()
        process.communicate()


def folder_of(url):
    return Path(url.rsplit("=", 1)[1]).parent


def test_server_is_empty_and_migrated_when_it_is_used(kept):
    with throwaway_server(kept) as url, psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM process_instances").fetchone() == (0,)
        connection.execute("INSERT INTO job_effects (key, at) VALUES ('a', now())")
        throwaway.empty_database(connection)
        assert connection.execute("SELECT count(*) FROM job_effects").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    assert not folder_of(url).exists()


def test_servers_stand_apart_when_two_run_at_once(kept):
    with throwaway_server(kept) as one, throwaway_server(kept) as other:
        assert one != other
        with psycopg.connect(one, autocommit=True) as connection:
            connection.execute("CREATE TABLE only_here (i int)")
        with psycopg.connect(other) as connection:
            found = connection.execute("SELECT to_regclass('only_here')").fetchone()
        assert found == (None,)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_nothing_stays_when_a_signal_ends_the_program(holding, number):
    process, url = holding()
    process.send_signal(number)
    assert process.wait(timeout=60) != 0
    assert not folder_of(url).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_leftovers_are_swept_when_a_program_was_killed(holding, kept):
    process, url = holding()
    process.kill()
    process.wait(timeout=60)
    assert folder_of(url).exists()
    _, living = holding()
    with throwaway_server(kept):
        pass
    assert not folder_of(url).exists()
    assert folder_of(living).exists()


def test_servers_that_nobody_uses_are_forgotten_when_another_is_made(kept):
    with throwaway_server(kept):
        pass
    (made,) = [path for path in kept.iterdir() if path.is_dir()]
    unused, unfinished, used = (kept / name for name in ("unused", "unfinished", "used"))
    for path in (unused, unfinished, used):
        path.mkdir()
    os.utime(unused, (0, 0))
    made.rename(kept / "renamed")
    with throwaway_server(kept):
        pass
    assert made.exists()
    assert used.exists()
    assert not unused.exists()
    assert not unfinished.exists()

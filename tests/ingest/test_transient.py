"""Errors that pass are tried again; files that are not all there yet are incomplete, and taken up when they are."""

from __future__ import annotations

import errno
import os
import time

import pytest

from biocurate.engine import InProcess
from biocurate.errors import SourceError, StoreError
from biocurate.formats.edf.reader import EdfReader
from biocurate.ingest import ingest, make_plan, transient
from biocurate.ingest.transient import ATTEMPTS, is_transient, patiently
from biocurate.recipes import load_recipe
from biocurate.store.objects import Objects
from biocurate.store.store import create_store
from biocurate.testing.conformance import check_store


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(transient, "PAUSE_S", 0)


def run(corpus, store, **options):
    return ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store, **options), InProcess(), store)


def age(corpus, seconds: float = 3600) -> None:
    for path in corpus.root.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def failing(monkeypatch, owner, name: str, error: Exception, times: int) -> list[int]:
    """Let a function fail so many times before it does what it does."""
    whole, calls = getattr(owner, name), [0]

    def flaky(*arguments, **named):
        calls[0] += 1
        if calls[0] <= times:
            raise error
        return whole(*arguments, **named)

    monkeypatch.setattr(owner, name, flaky)
    return calls


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ECONNRESET, errno.ETIMEDOUT])
def test_a_file_that_cannot_be_read_in_passing_is_read_at_the_next_attempt(corpus, store, monkeypatch, code):
    failing(monkeypatch, EdfReader, "read", OSError(code, "of a network disk"), ATTEMPTS - 1)
    outcome = run(corpus, store)
    assert (outcome.recordings, outcome.failures) == (12, [])
    check_store(store)


def test_attempts_are_bounded(corpus, store, monkeypatch):
    calls = failing(monkeypatch, EdfReader, "read", OSError(errno.EIO, "for good"), 10**9)
    outcome = run(corpus, store)
    assert len(outcome.failures) == 12
    assert calls[0] == 12 * ATTEMPTS


def test_a_damaged_file_is_not_tried_again(corpus, store, monkeypatch):
    calls = failing(monkeypatch, EdfReader, "read", SourceError("is damaged.", where="a.edf"), 10**9)
    run(corpus, store)
    assert calls[0] == 12


def test_a_store_that_cannot_be_written_in_passing_is_tried_again(corpus, store, monkeypatch):
    error = StoreError("could not be written.")
    error.__cause__ = ConnectionResetError("of an object store")
    failing(monkeypatch, Objects, "put", error, 1)
    assert run(corpus, store).recordings == 12
    check_store(store)


def test_what_an_error_came_from_tells():
    try:
        try:
            raise OSError(errno.ESTALE, "stale")
        except OSError as error:
            raise SourceError("cannot be read.") from error
    except SourceError as error:
        assert is_transient(error)
    assert not is_transient(SourceError("is damaged."))
    assert not is_transient(OSError(errno.ENOSPC, "full"))
    assert patiently(lambda: 7) == 7


def test_a_file_shorter_than_its_header_is_incomplete_and_taken_up_when_it_is_whole(corpus, store):
    path = corpus.root / "s02_task.edf"
    whole = path.read_bytes()
    path.write_bytes(whole[:-700])
    age(corpus)
    [failure] = run(corpus, store).failures
    assert failure["error"] == "IncompleteError"
    assert "bytes expected" in failure["message"]
    again = run(corpus, store)
    assert (len(again.failures), again.failed_before) == (1, 0), "it is looked at again without being asked to"
    path.write_bytes(whole)
    assert (run(corpus, store).recordings, store.failures.collect().height) == (1, 0)


def test_a_file_that_changed_a_moment_ago_is_incomplete_and_an_old_one_failed(corpus, store):
    path = corpus.root / "s02_task.edf"
    path.write_bytes(path.read_bytes()[:100])
    age(corpus)
    assert [failure["error"] for failure in run(corpus, store).failures] == ["SourceError"]
    assert run(corpus, store).failed_before == 1
    os.utime(path)
    [failure] = run(corpus, store).failures
    assert failure["error"] == "IncompleteError"
    assert failure["mend"].startswith("The file looks cut off")
    assert "less than a minute ago" in failure["mend"]


def test_a_file_that_changes_while_it_is_read_is_incomplete(corpus, store, monkeypatch):
    """Formats without a length, such as CSV, read well at any moment of their arrival."""
    whole = EdfReader.read

    def growing(reader, source, options):
        recording = whole(reader, source, options)
        if source.name == "s02_task.edf":
            os.utime(source.local(), (1, 1))
        return recording

    monkeypatch.setattr(EdfReader, "read", growing)
    [failure] = run(corpus, store).failures
    assert (failure["error"], failure["message"]) == ("IncompleteError", "changed while it was read.")
    assert store.recordings.collect().height == 11
    monkeypatch.undo()
    assert run(corpus, store).recordings == 1
    check_store(store)

"""A file of a table that was missing ended in polars' FileNotFoundError, one cut off in a crash of polars' own threads.

A log that had lost its last commit read as an older version of the table, without a word: `verify` finds it now.
"""

from __future__ import annotations

import pytest

from biocurate.engine import InProcess
from biocurate.errors import DamageError
from biocurate.recording import Recording
from biocurate.store.damage import as_damage
from biocurate.store.store import create_store, open_store
from biocurate.store.verify import verify
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def store(tmp_path):
    made = create_store(str(tmp_path / "a store"))
    put(made, {"c/a": Recording((noise_stream("EEG", 64, [(0, 640)]),))})
    return open_store(made.url)


def files(store, pattern):
    return sorted((store.objects.folder / "tables" / "recordings").glob(pattern))


def remove(store):
    files(store, "*.parquet")[0].unlink()
    return r"recordings/.*\.parquet", "missing"


def cut_off(store):
    path = files(store, "*.parquet")[0]
    path.write_bytes(path.read_bytes()[:100])
    return r"recordings/.*\.parquet", "100 bytes"


def cut_the_log(store):
    path = files(store, "_delta_log/*.json")[-1]
    path.write_bytes(path.read_bytes()[:20])
    return "tables/recordings", "log cannot be read"


def lose_the_log(store):
    for path in files(store, "_delta_log/*.json"):
        path.unlink()
    return "tables/recordings", "log"


@pytest.mark.parametrize("hurt", [remove, cut_off, cut_the_log, lose_the_log])
def test_it_is_damage_that_names_the_file_and_the_mend(store, hurt):
    where, what = hurt(store)
    for read in (lambda: store.sql("SELECT * FROM streams"), lambda: store.recording("c/a")):
        with pytest.raises(DamageError, match=rf"(?s){where}.*{what}.*Restore it from a copy"):
            read()
    found = verify(store, InProcess())
    assert len(found.problems) == 1
    assert what in found.problems[0]["problem"]


def test_a_log_that_lost_its_last_commit_is_found(store):
    files(store, "_delta_log/*.json")[-1].unlink()
    assert [each["problem"] for each in verify(store, InProcess()).problems] == [
        "the table's log ends at version 0; version 1 was published."
    ]


def test_what_polars_says_of_a_file_is_damage_and_all_else_is_not():
    assert as_damage(FileNotFoundError("No such file or directory (os error 2): …/x.parquet (set POLARS_VERBOSE=1)"))
    assert as_damage(ValueError("parquet: File out of specification: negative"))
    assert as_damage(FileNotFoundError("No such file or directory: /etc/x.csv")) is None
    assert as_damage(KeyError("format")) is None

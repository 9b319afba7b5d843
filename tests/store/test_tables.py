"""Delta tables: one commit a write, replaced by ids, every version readable."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from biocurate.errors import StoreError
from biocurate.store.objects import Objects
from biocurate.store.tables import Tables

SCHEMA = pa.schema([("recording_id", pa.string()), ("n", pa.int64())])


def rows(*pairs: tuple[str, int]) -> pa.Table:
    return pa.Table.from_pylist([{"recording_id": name, "n": n} for name, n in pairs], schema=SCHEMA)


def held(tables: Tables, version: int | None = None) -> list[tuple[str, int]]:
    return sorted(tables.scan("t", version).collect().iter_rows())


def test_replace_puts_rows_in_the_place_of_the_named_ids_only(tmp_path):
    tables = Tables(Objects(str(tmp_path)))
    tables.replace("t", rows(("a", 1), ("b", 1)), "recording_id", ["a", "b"])
    tables.replace("t", rows(("b", 2), ("b", 3)), "recording_id", ["b"])
    assert held(tables) == [("a", 1), ("b", 2), ("b", 3)]


def test_an_id_with_a_quote_is_only_an_id(tmp_path):
    tables = Tables(Objects(str(tmp_path)))
    name = "x' OR '1'='1"
    tables.replace("t", rows(("a", 1), (name, 1)), "recording_id", ["a", name])
    tables.replace("t", rows((name, 2)), "recording_id", [name])
    assert held(tables) == [("a", 1), (name, 2)]


def test_an_old_version_stays_readable(tmp_path):
    tables = Tables(Objects(str(tmp_path)))
    first = tables.replace("t", rows(("a", 1)), "recording_id", ["a"])
    tables.replace("t", rows(("a", 2)), "recording_id", ["a"])
    assert held(tables, first) == [("a", 1)]
    assert Tables(tables.objects, {"t": first}).scan("t").collect()["n"].to_list() == [1]


def test_history_is_kept_for_good(tmp_path):
    """Delta's own log clean-up would end time travel after 30 days."""
    from deltalake import DeltaTable

    tables = Tables(Objects(str(tmp_path)))
    tables.write("t", rows(("a", 1)))
    configuration = DeltaTable(tables.url("t")).metadata().configuration
    assert configuration["delta.enableExpiredLogCleanup"] == "false"
    assert configuration["delta.deletedFileRetentionDuration"] == "interval 36500 days"


def test_a_missing_table_names_those_that_are_there(tmp_path):
    tables = Tables(Objects(str(tmp_path)))
    tables.write("windows/w10", rows(("a", 1)))
    with pytest.raises(StoreError, match=r"windows/w20.*windows/w10"):
        tables.scan("windows/w20")
    assert tables.names() == ["windows/w10"]


def test_a_table_begins_with_its_first_rows(tmp_path):
    """A run that is killed before them leaves no empty table behind."""
    tables = Tables(Objects(str(tmp_path)))
    assert tables.write("windows/w", rows(("a", 1))) == 0
    assert tables.append("images/i", rows(("a", 1))) == 0
    for name in ("windows/w", "images/i"):
        assert tables.scan(name, version=0).collect().height == 1


def test_files_without_a_commit_are_no_table(tmp_path):
    tables = Tables(Objects(str(tmp_path)))
    tables.objects.put("tables/windows/w/part-0.parquet", b"killed here")
    assert tables.names() == []
    tables.write("windows/w", rows(("a", 1)))
    assert tables.names() == ["windows/w"]
    assert tables.scan("windows/w").collect().height == 1


def test_of_two_that_begin_one_table_the_last_has_replaced_the_other(tmp_path):
    """Delta would let both succeed, and leave the rows of both."""
    tables = Tables(Objects(str(tmp_path)))
    for number in range(10):
        together = threading.Barrier(2)

        def write(who: int, name: str = f"t{number}", together: threading.Barrier = together) -> None:
            together.wait()
            tables.write(name, rows(("a", who)))

        writers = [threading.Thread(target=write, args=(who,)) for who in (1, 2)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert tables.scan(f"t{number}").collect().height == 1


def _replace_many(url: str, who: int) -> None:
    tables = Tables(Objects(url))
    for n in range(6):
        tables.replace(
            "t", rows(("shared", who * 100 + n), (f"own-{who}", n)), "recording_id", ["shared", f"own-{who}"]
        )


def test_two_processes_that_write_the_same_ids_leave_one_row_each(tmp_path):
    """Plain appends of the same ids by two processes both succeed and leave duplicates."""
    tables = Tables(Objects(str(tmp_path)))
    tables.create("t", SCHEMA)
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_replace_many, args=(str(tmp_path), who)) for who in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    counts = tables.scan("t").group_by("recording_id").agg(n=pl.len()).collect()
    assert dict(counts.iter_rows()) == {"shared": 1, "own-1": 1, "own-2": 1}


def test_permission_denied_is_said_in_one_sentence(tmp_path):
    import os

    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    folder: Path = tmp_path / "s"
    folder.mkdir()
    folder.chmod(0o500)
    with pytest.raises(StoreError, match="permission"):
        Objects(str(folder)).put("a/b", b"x")

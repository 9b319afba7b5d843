"""Which recordings are exported, where to, and what a user is told."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from biocurate.errors import UsageError
from biocurate.export import export, select, to_edf
from biocurate.recording import ArraySamples, Recording
from biocurate.store.schema import RECORDINGS, cast
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def filled(store):
    """Two recordings of integers and one of floats."""
    eeg = noise_stream("EEG", 100, [(0, 200)], ["Cz"])
    floats = replace(eeg, samples=ArraySamples(eeg.digital.astype(np.float32)))
    put(store, {"a/1": Recording((eeg,)), "a/2": Recording((eeg,)), "b/x/1": Recording((floats,))})
    return store


def credentialed(store):
    rows = store.recordings.collect().with_columns(access=pl.lit("credentialed"))
    store.tables.replace(
        "recordings", cast(rows.to_dicts(), RECORDINGS), "recording_id", rows["recording_id"].to_list()
    )
    store.publish("test")


@pytest.fixture
def cli(capsys, monkeypatch):
    def run(*arguments):
        from biocurate.cli.main import main

        monkeypatch.setattr(sys, "argv", ["biocurate", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def test_recordings_are_chosen_in_one_way(filled):
    assert select(filled, corpus="a") == ["a/1", "a/2"]
    assert select(filled, where="duration_ns > 0 AND corpus = 'b'") == ["b/x/1"]
    assert select(filled, recordings=["a/2", "a/2"]) == ["a/2"]
    for choice in ({}, {"corpus": "a", "where": "1 = 1"}):
        with pytest.raises(UsageError, match="in one way"):
            select(filled, **choice)
    for choice in ({"corpus": "c"}, {"where": "corpus = 'c'"}):
        with pytest.raises(UsageError, match="no recording"):
            select(filled, **choice)


def test_what_cannot_be_written_is_told_and_the_others_are_written(filled, tmp_path):
    outcome = export(filled, ["a/1", "b/x/1"], tmp_path / "out")
    assert list(outcome.written) == ["a/1"]
    [refused] = outcome.refused
    assert (refused.recording_id, outcome.exit_code) == ("b/x/1", 1)
    assert "floats" in refused.reason
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")) == [
        "a/1.edf"
    ]


def test_nothing_is_replaced_unless_told(filled, tmp_path):
    export(filled, ["a/1"], tmp_path)
    (tmp_path / "a/1.edf").write_text("mine")
    outcome = export(filled, ["a/1", "a/2"], tmp_path)
    assert list(outcome.written) == ["a/2"]
    assert "1.edf is there already" in outcome.refused[0].reason
    assert (tmp_path / "a/1.edf").read_text() == "mine"
    assert export(filled, ["a/1"], tmp_path, overwrite=True).exit_code == 0
    assert (tmp_path / "a/1.edf").read_bytes()[:1] == b"0"


def test_credentialed_corpora_are_refused_without_rights(filled, tmp_path):
    credentialed(filled)
    for form in ("edf", "wfdb"):
        with pytest.raises(UsageError, match=r"a is credentialed.*--i-have-rights"):
            export(filled, ["a/1"], tmp_path / "out", form)
    with pytest.raises(UsageError, match="credentialed"):
        to_edf(filled.recording("a/1"), tmp_path / "out" / "r.edf")
    assert not (tmp_path / "out").exists()
    assert export(filled, ["a/1"], tmp_path / "out", i_have_rights=True).exit_code == 0


def test_a_damaged_part_is_one_recordings_failure(filled, tmp_path):
    from biocurate.store.arrays import open_array

    part = filled.recording("a/1").row["streams"][0]["part"]
    next((filled.objects.folder / f"signals/{part}.zarr").rglob("c/0/0")).unlink()
    open_array.cache_clear()
    outcome = export(filled, ["a/1"], tmp_path / "out", "wfdb")
    assert len(outcome.refused) == 1
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file() or path.name.startswith(".")] == []


def test_the_command_prints_a_row_a_recording_and_its_status(cli, filled, tmp_path):
    out = tmp_path / "out"
    code, said, _ = cli("export", "--where", "corpus IN ('a', 'b')", "-o", out, "--store", filled.url, "--json")
    rows = {row["recording_id"]: row for row in json.loads(said)}
    assert code == 1
    assert rows["a/1"]["files"] == ["a/1.edf"]
    assert rows["b/x/1"]["status"] == "not written"
    assert "--scale" in rows["b/x/1"]["notes"][0]
    code, said, _ = cli("export", "--recording", "a/1", "--format", "wfdb", "-o", out, "--store", filled.url)
    assert code == 0
    assert "1 written, 0 not" in said
    code, _, said = cli("export", "-o", out, "--store", filled.url)
    assert (code, "--corpus" in said) == (2, True)
    assert cli("export", "--recording", "a/9", "-o", out, "--store", filled.url)[0] == 1

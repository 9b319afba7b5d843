"""Bad input: one paragraph with file, place and mend, the right exit status, and a store as whole as before."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from biocurate.store.store import open_store
from biocurate.testing.conformance import check_store

EDF_RECIPE = """
name: damaged
title: Damaged files
licence: ODC-By-1.0
access: open
citation: none
url: https://example.org
files: {pattern: '(?P<subject>.+)\\.edf', reader: edf}
"""
WFDB_RECIPE = """
name: headless
title: Headers without data
licence: ODC-By-1.0
access: open
citation: none
url: https://example.org
files: {pattern: '(?P<subject>1003|100)\\.hea', reader: wfdb}
"""
CSV_RECIPE = """
name: sparse
title: A broken export
licence: MIT
access: open
citation: none
url: https://example.org
files: {pattern: '(?P<subject>.+)\\.csv', reader: csv, options: {rate_hz: 256}}
"""


@pytest.fixture
def store(cli, corpus, tmp_path):
    """A store that holds something worth keeping."""
    url = tmp_path / "store"
    cli("init", url)
    assert cli("ingest", corpus.recipe, "--root", corpus.root, "--store", url, "--workers", 0).code == 0
    return url


def ingest(cli, store, recipe_text, root, tmp_path, *options):
    recipe = tmp_path / "other.yaml"
    recipe.write_text(recipe_text)
    return cli("ingest", recipe, "--root", root, "--store", store, "--workers", 0, *options)


def failures(store):
    return {row["source"]: row for row in open_store(str(store)).failures.collect().to_dicts()}


def test_files_damaged_in_transfer_are_failures_and_the_others_go_in(cli, store, corpora, tmp_path):
    root = tmp_path / "raw-damaged"
    shutil.copytree(corpora / "eegmmidb" / "crlf_corrupted", root)
    shutil.copy(corpora / "eegmmidb" / "S001R04.edf", root)
    done = ingest(cli, store, EDF_RECIPE, root, tmp_path)
    assert done.code == 1
    assert "2 of 3 recordings were not read; the other one is in the store" in done.out
    found = failures(store)
    assert set(found) == {"S001R01.edf", "S001R03.edf"}
    assert "0x0D 0x0A" in found["S001R03.edf"]["message"]
    assert all(row["mend"] for row in found.values())
    check_store(open_store(str(store)))


def test_a_header_without_its_data_is_a_failure_that_names_the_missing_file(cli, store, corpora, tmp_path):
    done = ingest(cli, store, WFDB_RECIPE, corpora / "wfdb-samples", tmp_path)
    assert done.code == 1
    [row] = failures(store).values()
    assert row["source"] == "1003.hea"
    assert ".dat" in row["message"] or ".dat" in row["mend"]
    check_store(open_store(str(store)))


def test_a_sparse_csv_names_the_line(cli, store, corpora, tmp_path):
    root = tmp_path / "raw-sparse"
    root.mkdir()
    shutil.copy(corpora / "muse-eeg-ppg" / "outputF.csv", root)
    (root / "empty.csv").write_text("")
    (root / "header-only.csv").write_text("a,b\n")
    (root / "whole.csv").write_text("a,b\n" + "1,2\n" * 20)
    done = ingest(cli, store, CSV_RECIPE, root, tmp_path)
    assert done.code == 1
    found = failures(store)
    assert set(found) == {"outputF.csv", "empty.csv", "header-only.csv"}
    assert "line" in found["outputF.csv"]["message"]
    check_store(open_store(str(store)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("reader: edf", "reder: edf"), "reader"),
        (("sensor: EEG", "sensor: EGG"), "EEG"),
        (("licence: CC0-1.0\n", ""), "licence"),
    ],
)
def test_a_typo_in_a_recipe_names_the_field_and_what_was_meant(cli, store, corpus, change, says):
    corpus.recipe.write_text(corpus.recipe.read_text().replace(*change))
    done = cli("ingest", corpus.recipe, "--root", corpus.root, "--store", store)
    assert done.code == 2
    assert "tiny.yaml" in done.err
    assert says in done.err
    assert "Traceback" not in done.err
    check_store(open_store(str(store)))


def test_an_unknown_recipe_names_those_that_there_are(cli, store, corpus):
    done = cli("ingest", "eegmta", "--root", corpus.root, "--store", store)
    assert done.code == 2
    assert "eegmat" in done.err


def test_a_root_that_matches_no_file_is_a_usage_error(cli, store, corpus, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "notes.txt").write_text("x")
    done = cli("ingest", corpus.recipe, "--root", tmp_path / "elsewhere", "--store", store)
    assert done.code == 2
    assert "notes.txt" in done.err
    assert open_store(str(store)).recordings.collect().height == 12


def test_a_store_of_a_newer_version_is_refused(cli, store):
    card = store / "biocurate.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "format": 2}))
    done = cli("status", "--store", store)
    assert done.code == 1
    assert "format 2" in done.err
    assert "Upgrade" in done.err


def test_a_place_that_is_no_store_says_how_to_make_one(cli, tmp_path):
    done = cli("status", "--store", tmp_path / "nothing")
    assert done.code == 1
    assert "biocurate init" in done.err


def test_wrong_sql_names_the_nearest_column_and_changes_nothing(cli, store):
    done = cli("query", "SELECT recording_idd FROM recordings", "--store", store)
    assert done.code == 2
    assert "recording_id" in done.err
    for attack in ("DROP TABLE recordings", "SELECT * FROM read_csv('/etc/passwd')", "SELECT 1; SELECT 2"):
        assert cli("query", attack, "--store", store).code == 2
    check_store(open_store(str(store)))


def test_no_space_is_one_sentence_and_the_store_stays_whole(corpus, tmp_path):
    """A file system of one megabyte: the ingest stops, what is in stays in, and a rerun with room finishes."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        program = [sys.executable, "-m", "biocurate"]
        subprocess.run([*program, "init", str(small / "store")], check=True, capture_output=True)
        for number in range(40):
            corpus.write(f"s{number + 10}_rest", seed=number, seconds=60)
        arguments = ["ingest", str(corpus.recipe), "--root", str(corpus.root), "--store", str(small / "store")]
        done = subprocess.run([*program, *arguments, "--workers", "0"], capture_output=True, text=True)
        assert done.returncode == 1
        assert "MB would be stored" in done.stderr
        assert open_store(str(small / "store")).recordings.collect().is_empty()
        done = subprocess.run([*program, *arguments, "--workers", "0", "--force"], capture_output=True, text=True)
        assert done.returncode == 1
        assert "no space is left" in done.stderr
        assert "Traceback" not in done.stderr
        check_store(open_store(str(small / "store")))
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        assert subprocess.run([*program, *arguments, "--workers", "0"], capture_output=True).returncode == 0
        check_store(open_store(str(small / "store")))
        assert open_store(str(small / "store")).recordings.collect().height == 52
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


def test_no_permission_is_one_sentence(cli, corpus, tmp_path):
    store = tmp_path / "store"
    cli("init", store)
    flagged = subprocess.run(["chattr", "+i", str(store)], capture_output=True)
    if flagged.returncode:
        pytest.skip("a folder cannot be made unwritable here")
    try:
        done = cli("ingest", corpus.recipe, "--root", corpus.root, "--store", store, "--workers", 0)
        assert done.code == 1
        assert "permission is denied" in done.err or "not permitted" in done.err
    finally:
        subprocess.run(["chattr", "-i", str(store)], check=True)

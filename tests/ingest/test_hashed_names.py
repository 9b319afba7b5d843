"""A corpus whose files' names identify somebody: they reach the terminal, and nothing of the store."""

from __future__ import annotations

import hashlib
import os
import zipfile

import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.ingest.told import told
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.testing.conformance import check_store, contents
from biocurate.verify import verify_deep

SECRETS = ("quintilia", "zebedee", "19310203")
RECIPE = """
name: ward
title: A ward's export
licence: CC0-1.0
access: open
citation: none
url: https://example.org
files:
  pattern: '(\\w+/|\\w+\\.zip/)?(?P<subject>[a-z]+)_(?P<session>\\d{8})_(?P<run>[ab])\\.hea'
  reader: wfdb
  hash_names: true
labels:
  half: {from: run, map: {a: first, b: second}}
  ward: {from: table, file: wards.csv, key: {column: who}, column: ward}
"""


def write(folder, name: str, *, segments: bool = False) -> None:
    signal = "{0} 1 100 200\n{0}.dat 16 200/mV 16 0 0 0 0 II\n"
    values = np.arange(200, dtype="<i2")
    if not segments:
        (folder / f"{name}.hea").write_text(signal.format(name))
        (folder / f"{name}.dat").write_bytes(values.tobytes())
        return
    (folder / f"{name}.hea").write_text(f"{name}/1 1 100 200\n{name}x1 200\n")
    (folder / f"{name}x1.hea").write_text(signal.format(f"{name}x1"))


@pytest.fixture
def ward(tmp_path):
    """Four recordings of two patients, by name and date."""
    root = tmp_path / "zebedee"  # the root's own name is nobody's business either
    root.mkdir()
    (tmp_path / "ward.yaml").write_text(RECIPE)
    for name in ("quintilia_19310203_a", "quintilia_19310203_b", "zebedee_19310203_a", "zebedee_19310203_b"):
        write(root, name)
    (root / "wards.csv").write_text("who,ward\nquintilia,north\n")
    return root


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def plan(ward, store, **options):
    return make_plan(load_recipe(ward.parent / "ward.yaml"), ward, store, **options)


def run(ward, store, **options):
    return ingest(plan(ward, store, **options), InProcess(), store)


def leaks(store) -> list[str]:
    """Secrets in any table, log or object of a store, but for the store's own URL."""
    rows = str([store.tables.scan(name).collect().to_dicts() for name in store.tables.names()]).lower()
    files = [path for path in store.objects.folder.rglob("*") if path.is_file()]
    raw = [path.read_bytes().lower() + str(path.relative_to(store.objects.folder)).lower().encode() for path in files]
    return [secret for secret in SECRETS if secret in rows or any(secret.encode() in data for data in raw)]


def test_no_name_is_anywhere_in_the_store(ward, store):
    outcome = run(ward, store)
    assert (outcome.recordings, outcome.failures) == (4, [])
    assert leaks(store) == []
    rows = store.recordings.collect().to_dicts()
    assert {row["recording_id"] for row in rows} == {
        f"ward/{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        for name in ("quintilia_19310203_a", "quintilia_19310203_b", "zebedee_19310203_a", "zebedee_19310203_b")
    }
    assert len({row["person"] for row in rows}) == 2
    check_store(store)


def test_labels_are_joined_by_the_names_themselves(ward, store):
    run(ward, store)
    labels = store.annotations.collect().group_by("kind", "value").len().rows()
    assert sorted(labels) == [("half", "first", 2), ("half", "second", 2), ("ward", "north", 2)]
    assert any("no row for it" in row for row in store.recordings.collect()["warnings"].explode().drop_nulls())


def test_a_second_run_does_nothing_and_a_touched_or_removed_file_is_known(ward, store):
    run(ward, store)
    before = contents(store)
    os.utime(ward / "quintilia_19310203_a.dat", (1, 1))
    again = run(ward, store)
    assert (again.recordings, again.done_before, again.gone) == (0, 4, ())
    assert contents(store) == before
    (ward / "zebedee_19310203_b.hea").unlink()
    gone = run(ward, store).gone
    assert gone == (f"ward/{hashlib.sha256(b'zebedee_19310203_b').hexdigest()[:16]}",)
    assert run(ward, store, limit=1).recordings == 0


def test_a_changed_file_is_read_again(ward, store):
    run(ward, store)
    (ward / "quintilia_19310203_a.dat").write_bytes(np.arange(1, 201, dtype="<i2").tobytes())
    assert run(ward, store).recordings == 1
    assert leaks(store) == []


def test_verify_deep_finds_the_files_and_names_them_on_the_terminal(ward, store):
    run(ward, store)
    compared = verify_deep(store, "ward", ward)
    assert (compared.recordings, compared.samples, compared.equal, compared.problems) == (4, 800, 800, [])
    (ward / "zebedee_19310203_a.dat").write_bytes(np.zeros(200, "<i2").tobytes())
    [problem] = verify_deep(store, "ward", ward).problems
    assert "(zebedee_19310203_a.hea): 'II' differs" in problem


def test_failures_are_hashed_in_the_store_and_told_by_name(ward, store):
    """A cut file, one that is not there, a segment that is not there, and an archive that is none."""
    (ward / "quintilia_19310203_a.dat").write_bytes(b"12")
    (ward / "quintilia_19310203_b.dat").unlink()
    write(ward, "zebedee_19310203_b", segments=True)
    (ward / "zebedee_19310203_a.hea").write_text("zebedee_19310203_a 1 quintilia\nx\n")
    (ward / "zebedee.zip").write_bytes(b"PK\3\4")
    write(ward, "zebedee_19310204_a")
    for path in ward.iterdir():
        os.utime(path, (1, 1))
    made = plan(ward, store)
    outcome = ingest(made, InProcess(), store)
    assert (outcome.recordings, len(outcome.failures)) == (1, 5)
    assert leaks(store) == []
    heard = {row["source"]: row["message"] for row in told(made, outcome.failures)}
    assert heard["quintilia_19310203_a.hea"].startswith("quintilia_19310203_a.dat: the signal file ends early: 400")
    assert heard["quintilia_19310203_b.hea"].startswith("quintilia_19310203_b.dat: is missing")
    assert heard["zebedee_19310203_b.hea"].startswith("zebedee_19310203_bx1.dat: is missing")
    assert heard["zebedee_19310203_a.hea"].startswith("line 1: the sampling frequency is none")
    assert heard["zebedee.zip"] == "is not a readable zip archive."
    check_store(store)
    again = run(ward, store)
    # The file that was cut off may still be arriving: it is looked at every time.
    assert (again.recordings, again.failed_before, [row["error"] for row in again.failures]) == (
        0,
        3,
        ["IncompleteError", "SourceError"],
    )


def test_a_member_of_an_archive_is_known_again(ward, store, tmp_path):
    """Names of archives identify as those of files do."""
    (tmp_path / "ward.yaml").write_text(
        RECIPE.replace(".hea'", ".csv'").replace("wfdb", "csv\n  options: {rate_hz: 4}").partition("labels:")[0]
    )
    with zipfile.ZipFile(ward / "quintilia.zip", "w") as archive:
        archive.writestr("quintilia_19310203_a.csv", "ECG\n1\n2\n")
    assert run(ward, store).recordings == 1
    assert run(ward, store).done_before == 1
    [source] = store.recordings.collect()["sources"].to_list()[0]
    assert source["path"] == hashlib.sha256(b"quintilia.zip").hexdigest()[:16]
    assert source["member"] == hashlib.sha256(b"quintilia_19310203_a.csv").hexdigest()[:16]
    assert leaks(store) == []

"""Nothing below a root reaches outside of it: links, archives, headers that name files, tables of recipes."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.errors import RecipeError, SourceError
from biocurate.formats import archive
from biocurate.formats.listing import scan
from biocurate.formats.source import Source
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

SECRET = "of nobody else's business"
HEART = """
name: heart
title: Records
licence: CC0-1.0
access: open
citation: none
url: https://example.org
files: {pattern: '(\\w+\\.zip/)?(?P<subject>\\w+)\\.hea', reader: wfdb}
"""
ROWS = HEART.replace(".hea', reader: wfdb}", ".csv', reader: csv, options: {rate_hz: 4}}")


@pytest.fixture
def place(tmp_path):
    """A root, and beside it a file that no ingest may open."""
    (tmp_path / "raw").mkdir()
    (tmp_path / "secret.dat").write_bytes(np.arange(400, dtype="<i2").tobytes())
    (tmp_path / "secret.csv").write_text(f"who,group\na,{SECRET}\n")
    (tmp_path / "heart.yaml").write_text(HEART)
    (tmp_path / "rows.yaml").write_text(ROWS)
    return tmp_path


@pytest.fixture
def store(place):
    return create_store(str(place / "store"))


def run(place, store, recipe: str = "heart"):
    return ingest(make_plan(load_recipe(place / f"{recipe}.yaml"), place / "raw", store), InProcess(), store)


def record(folder, name: str, signal: str) -> None:
    (folder / f"{name}.hea").write_text(f"{name} 1 100 200\n{signal} 16 200/mV 16 0 0 0 0 II\n")


@pytest.mark.parametrize("signal", ["../secret.dat", "x/../../secret.dat"])
def test_a_header_that_names_a_file_outside_is_a_failure(place, store, signal):
    record(place / "raw", "a", signal)
    assert run(place, store).recordings == 0
    assert store.failures.collect().height == 1


def test_a_header_that_names_an_absolute_path_is_a_failure(place, store):
    record(place / "raw", "a", str(place / "secret.dat"))
    assert run(place, store).recordings == 0


def test_a_header_that_names_a_link_out_of_the_root_is_a_failure(place, store):
    """The signal file is one that the listing refuses; its header is a file of the corpus."""
    record(place / "raw", "a", "a.dat")
    (place / "raw/a.dat").symlink_to(place / "secret.dat")
    outcome = run(place, store)
    assert outcome.recordings == 0
    assert any("link out of the folder" in failure["message"] for failure in outcome.failures)


def test_a_folder_that_is_a_link_out_of_the_root_is_not_read(place, store):
    (place / "elsewhere").mkdir()
    record(place / "elsewhere", "b", "b.dat")
    (place / "elsewhere/b.dat").write_bytes(np.arange(200, dtype="<i2").tobytes())
    (place / "raw/sub").symlink_to(place / "elsewhere")
    record(place / "raw", "a", "sub/b.dat")
    assert [source.virtual for source in scan(place / "raw", [])] == ["a.hea"]
    assert run(place, store).recordings == 0


def test_a_link_inside_the_root_is_read(place, store):
    """As git-annex keeps its files."""
    (place / "raw/.git").mkdir()
    (place / "raw/.git/content").write_bytes(np.arange(200, dtype="<i2").tobytes())
    (place / "raw/a.dat").symlink_to(place / "raw/.git/content")
    record(place / "raw", "a", "a.dat")
    assert run(place, store).recordings == 1


@pytest.mark.parametrize("file", ["../secret.csv", "/etc/passwd", "x/../../secret.csv"])
def test_a_recipe_that_names_a_table_outside_is_refused(place, store, file):
    label = f"labels:\n  g: {{from: table, file: {file}, key: {{column: who}}, column: group}}\n"
    (place / "rows.yaml").write_text(ROWS + label)
    (place / "raw/a.csv").write_text("ECG\n1\n2\n")
    with pytest.raises(RecipeError):
        run(place, store, "rows")


def test_a_table_that_is_a_link_out_of_the_root_is_refused(place, store):
    label = "labels:\n  g: {from: table, file: who.tsv, key: {column: who}, column: group}\n"
    (place / "rows.yaml").write_text(ROWS + label)
    (place / "raw/a.csv").write_text("ECG\n1\n2\n")
    (place / "raw/who.tsv").symlink_to(place / "secret.csv")
    with pytest.raises(RecipeError, match="leads out of the corpus' root"):
        run(place, store, "rows")


def test_members_that_lead_out_are_refused_with_their_archive(place, store):
    (place / "raw/fine.csv").write_text("ECG\n1\n2\n")
    for number, name in enumerate(("../up.csv", "/abs.csv", "c:\\up.csv", "in/../../up.csv")):
        with zipfile.ZipFile(place / f"raw/slip{number}.zip", "w") as opened:
            opened.writestr(name, "ECG\n1\n2\n")
    outcome = run(place, store, "rows")
    assert (outcome.recordings, len(outcome.failures)) == (1, 4)
    assert {failure["message"] for failure in outcome.failures} == {"one of its members leads out of the archive."}


def test_a_member_that_is_a_link_is_left_out(place, store):
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(place / "raw/link.zip", "w") as opened:
        opened.writestr(info, str(place / "secret.csv"))
        opened.writestr("b.csv", "ECG\n1\n2\n")
    assert run(place, store, "rows").recordings == 1
    assert SECRET not in str(store.recordings.collect().to_dicts())


def test_two_members_of_one_name_are_refused(place):
    with zipfile.ZipFile(place / "raw/twins.zip", "w") as opened, pytest.warns(UserWarning, match="Duplicate name"):
        opened.writestr("a.csv", "ECG\n1\n2\n")
        opened.writestr("a.csv", "ECG\n3\n4\n")
    with pytest.raises(SourceError, match=r"twins\.zip: two of its members have the same name"):
        scan(place / "raw")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_is_refused_and_the_rest_goes_in(place, store, method):
    """65 MiB of zeros are a few KB packed; nothing of it is unpacked."""
    with zipfile.ZipFile(place / "raw/bomb.zip", "w", method) as opened, opened.open("zeros.csv", "w") as member:
        for _ in range(65):
            member.write(bytes(2**20))
    (place / "raw/fine.csv").write_text("ECG\n1\n2\n")
    assert (place / "raw/bomb.zip").stat().st_size < 2**20
    outcome = run(place, store, "rows")
    assert outcome.recordings == 1
    assert "68,157,440 bytes" in outcome.failures[0]["message"]


def test_many_small_bombs_are_one(place, monkeypatch):
    """Each member may be as it is; together they are 1,000 times the archive."""
    monkeypatch.setattr(archive, "SMALL", 2**20)
    with zipfile.ZipFile(place / "raw/many.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        for number in range(20):
            opened.writestr(f"z{number}.csv", bytes(2**20))
    with pytest.raises(SourceError, match=r"many\.zip: its members would unpack from [\d,]+ to 20,971,520 bytes"):
        scan(place / "raw")


def test_an_archive_in_an_archive_is_not_opened(place):
    inner = place / "inner.zip"
    with zipfile.ZipFile(inner, "w") as opened:
        opened.writestr("a.csv", "ECG\n1\n")
    with zipfile.ZipFile(place / "raw/outer.zip", "w") as opened:
        opened.write(inner, "inner.zip")
    problems: list[SourceError] = []
    assert scan(place / "raw", problems) == []
    assert [problem.where for problem in problems] == ["outer.zip/inner.zip"]


def test_what_a_source_opens_lies_below_its_root(place):
    (place / "raw/out.csv").symlink_to(place / "secret.csv")
    for call in (Source(place / "raw", "out.csv").open, Source(place / "raw", "out.csv").local):
        with pytest.raises(SourceError, match="is a link out of the folder"):
            call()
    with pytest.raises(SourceError, match="is a link out of the folder"):
        Source(place / "raw", "../secret.csv").open()

"""A link to itself ended every run, a pipe hung it, and linked folders and what lay in archives went unsaid."""

import os
import socket
import stat
import zipfile

import pytest

from biocurate.engine import InProcess
from biocurate.errors import RecipeError, SourceError, UsageError
from biocurate.formats import Source, scan
from biocurate.ingest import ingest, make_plan
from biocurate.ingest.state import state_of
from biocurate.recipes import load_recipe
from biocurate.recipes.check import check
from biocurate.store.store import create_store


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def run(corpus, store, **options):
    return ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store), InProcess(), store, **options)


def told(outcome):
    return {failure["source"]: failure["message"] for failure in outcome.failures}


def test_a_link_to_itself_is_a_failure_of_its_own(corpus, store):
    (corpus.root / "x.lnk").symlink_to(corpus.root / "x.lnk")
    outcome = run(corpus, store)
    assert outcome.recordings == 12
    assert "leads to no file" in told(outcome)["x.lnk"]
    assert any("x.lnk" in each for each in check(load_recipe(corpus.recipe), corpus.root).findings)


def test_a_pipe_and_a_socket_are_refused_and_never_opened(corpus, store, monkeypatch):
    os.mkfifo(corpus.root / "s07_rest.edf")
    monkeypatch.chdir(corpus.root)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("s08_rest.edf")
        outcome = run(corpus, store)
    assert outcome.recordings == 12
    assert told(outcome) == dict.fromkeys(
        ("s07_rest.edf", "s08_rest.edf"), "is no file but a pipe, a socket or a device."
    )
    for use in (Source.open, Source.local, Source.read):
        with pytest.raises(SourceError, match="a pipe"):
            use(Source(corpus.root, "s07_rest.edf"))  # as a header names its signal file


def test_a_folder_that_became_a_link_is_told_and_not_taken_for_gone(corpus, store, tmp_path):
    corpus.recipe.write_text(corpus.recipe.read_text().replace("'s(?P<subject>", "'(more/)?s(?P<subject>"))
    (corpus.root / "more").mkdir()
    corpus.write("more/s09_rest", seed=99)
    assert run(corpus, store).recordings == 13
    (corpus.root / "more").rename(tmp_path / "elsewhere")
    (corpus.root / "more").symlink_to(tmp_path / "elsewhere")
    assert "link to a folder elsewhere" in told(run(corpus, store))["more"]
    assert any("link to a folder elsewhere" in each for each in check(load_recipe(corpus.recipe), corpus.root).findings)
    with pytest.raises(UsageError, match="not known what is gone"):
        run(corpus, store, prune=True)
    assert store.recordings.collect().height == 13


def test_a_linked_folder_is_told_where_its_target_is_hidden_and_not_where_it_is_listed(tmp_path):
    (tmp_path / ".annex/x").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / ".annex/x")
    (tmp_path / "c").symlink_to(tmp_path / "b")
    problems: list[SourceError] = []
    scan(tmp_path, problems)
    assert [problem.where for problem in problems] == ["a"]


@pytest.fixture
def packed(corpus):
    link = zipfile.ZipInfo("s07_rest.edf")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(corpus.root / "a.zip", "w") as opened:
        opened.writestr(link, "/etc/passwd")
        opened.writestr("inner.zip", b"PK")
    return corpus


def test_links_and_archives_within_an_archive_are_told(packed, store):
    said = told(run(packed, store))
    assert "link within an archive" in said["a.zip/s07_rest.edf"]
    assert "archive within an archive" in said["a.zip/inner.zip"]
    assert len(check(load_recipe(packed.recipe), packed.root).findings) == 2


def test_what_a_recipe_ignores_is_no_problem(packed, store):
    packed.recipe.write_text(packed.recipe.read_text() + "ignore: ['a[.]zip/.*']\n")
    assert run(packed, store).failures == []


def test_hidden_files_are_counted_by_a_check(corpus):
    (corpus.root / ".git").mkdir()
    for name in ("._s00_rest.edf", ".DS_Store", ".git/config"):
        (corpus.root / name).write_bytes(b"x")
    notes = check(load_recipe(corpus.recipe), corpus.root).notes
    assert "left out, because their names begin with a dot or __MACOSX: 2 hidden files and 1 hidden folders" in notes


def test_hidden_members_of_archives_are_counted_and_told_by_the_status(packed, store):
    """As macOS packs: ``__MACOSX/._x``; a second run that has nothing to do says no less."""
    with zipfile.ZipFile(packed.root / "a.zip", "a") as archive:
        for name in ("__MACOSX/x.edf", "folder/.hidden", ".DS_Store"):
            archive.writestr(name, b"x")
    (packed.root / ".DS_Store").write_bytes(b"x")
    said = "left out, because their names begin with a dot or __MACOSX: 1 hidden files and 3 hidden members of archives"
    assert said in check(load_recipe(packed.recipe), packed.root).notes
    for _ in range(2):
        run(packed, store)
        assert state_of(store).runs["left_out"].to_list() == [said]


def test_where_nothing_matches_what_could_not_be_listed_is_named(corpus, store, tmp_path):
    corpus.root.rename(tmp_path / "elsewhere")
    corpus.root.mkdir()
    (corpus.root / "all").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecipeError, match="1 could not be listed: all is a link to a folder elsewhere"):
        run(corpus, store)

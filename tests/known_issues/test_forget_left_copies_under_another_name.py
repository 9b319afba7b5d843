"""Two files with the same bytes under two names: one person was forgotten, and that the other has it went unsaid."""

import shutil

import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.upkeep import forget
from biocurate.upkeep.withdraw import survey


@pytest.fixture
def store(corpus, tmp_path):
    shutil.copy(corpus.root / "s03_rest.edf", corpus.root / "s07_rest.edf")
    made = create_store(str(tmp_path / "store"))
    ingest(make_plan(load_recipe(corpus.recipe), corpus.root, made), InProcess(), made)
    return made


def test_copies_of_others_are_named_before_and_after(store):
    assert survey(store, "tiny/03").copies == {"tiny/07": ["tiny/s07_rest"]}
    assert forget(store, "tiny/03").copies == {"tiny/07": ["tiny/s07_rest"]}
    assert survey(store, "tiny/07").copies == {}


def test_the_command_says_so_and_that_a_person_is_forgotten_already(store):
    typed = ["forget", "--subject", "tiny/03", "--store", store.url, "--yes"]
    first = CliRunner().invoke(app, typed)
    said = " ".join(first.output.split())
    assert "The same samples stay under tiny/07 (tiny/s07_rest)" in said
    assert "biocurate forget --subject tiny/07" in said
    again = CliRunner().invoke(app, typed)
    assert (again.exit_code, "forgotten before" in again.output) == (0, True)
    assert "0 recordings" not in again.output
    unknown = CliRunner().invoke(app, [*typed[:2], "tiny/99", *typed[3:]])
    assert unknown.exit_code == 1 and "Forgotten" not in unknown.output

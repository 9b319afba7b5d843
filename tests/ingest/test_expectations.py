"""A recipe that was never tried on its corpus' own files says so, and stops at what it does not expect."""

from __future__ import annotations

import subprocess
import sys

import edfio
import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.errors import RecipeError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recipes.expectations import tried_on
from biocurate.store.store import create_store
from biocurate.testing.conformance import check_store

EXPECT = "expect: {{subjects: 6, recordings: 12, rate_hz: {{EEG: 256, ECG: 500}}, channels: {{EEG: 3, ECG: 1}}}}\n"


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


@pytest.fixture(params=["twin", "none"])
def unproven(request, corpus):
    corpus.recipe.write_text(corpus.recipe.read_text() + f"verified: {request.param}\n" + EXPECT.format())
    return corpus


def plan(corpus, store, **options):
    return make_plan(load_recipe(corpus.recipe), corpus.root, store, **options)


def add(corpus, name: str, rate_hz: int = 256, leads: tuple[str, ...] = ("Fp1", "Cz", "O2")) -> None:
    noise = np.random.default_rng(0).normal(size=rate_hz * 4)
    signals = [edfio.EdfSignal(noise, rate_hz, label=f"EEG {lead}", physical_dimension="uV") for lead in leads]
    heart = edfio.EdfSignal(np.resize(noise, 2000), 500, label="ECG", physical_dimension="mV")
    edfio.Edf([*signals, heart]).write(corpus.root / f"{name}.edf")


def test_what_is_expected_goes_in(unproven, store):
    made = plan(unproven, store)
    assert ingest(made, InProcess(), store).recordings == 12
    assert plan(unproven, store).todo == ()


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda corpus: add(corpus, "s03_task", rate_hz=128), "EEG at 128 Hz, not 256"),
        (lambda corpus: add(corpus, "s03_task", leads=("Fp1", "Cz")), "2 EEG channels, not 3"),
    ],
)
def test_the_first_file_that_is_otherwise_ends_the_run_and_what_is_in_stays(unproven, store, change, said):
    ingest(plan(unproven, store, limit=5), InProcess(), store)
    change(unproven)
    with pytest.raises(RecipeError) as raised:
        plan(unproven, store)
    assert raised.value.where == "s03_task.edf"
    assert said in raised.value.what
    assert "recipes check" in raised.value.mend
    assert store.recordings.collect().height == 5
    check_store(store)


def test_a_channel_that_no_rule_matches_ends_the_run_unless_the_recipe_says_so(unproven, store):
    add(unproven, "s03_task", leads=("Fp1", "Cz", "O2"))
    text = unproven.recipe.read_text()
    unproven.recipe.write_text(text.replace("match: 'ECG'", "match: 'EKG'").replace(", ECG: 1}}", "}}"))
    with pytest.raises(RecipeError, match="a channel 'ECG' that no rule matches"):
        plan(unproven, store)
    unproven.recipe.write_text(unproven.recipe.read_text().replace("expect: {", "expect: {other_channels: true, "))
    assert len(plan(unproven, store).todo) == 12


def test_a_recipe_without_any_rule_expects_no_channel(unproven, store):
    text = unproven.recipe.read_text()
    first, last = text.index("channels:\n"), text.index("labels:")
    unproven.recipe.write_text(text[:first] + text[last:])
    assert len(plan(unproven, store).todo) == 12


def test_more_than_the_corpus_has_as_published_ends_the_run(unproven, store):
    add(unproven, "s07_rest")
    with pytest.raises(RecipeError, match="7 of 6 subjects"):
        plan(unproven, store)
    (unproven.root / "s07_rest.edf").unlink()
    text = unproven.recipe.read_text().replace("_(?P<run>rest|task)", "_(?P<run>rest|task|more)")
    unproven.recipe.write_text(text)
    add(unproven, "s05_more")
    with pytest.raises(RecipeError, match="13 of 12 recordings"):
        plan(unproven, store)


def test_less_is_no_contradiction(unproven, store):
    (unproven.root / "s05_rest.edf").unlink()
    assert len(plan(unproven, store).todo) == 11


def test_a_recipe_that_was_tried_on_real_files_goes_on(corpus, store):
    corpus.recipe.write_text(corpus.recipe.read_text() + "verified: real\n" + EXPECT.format())
    add(corpus, "s03_task", rate_hz=128)
    assert len(plan(corpus, store).todo) == 12


def test_a_corrected_rate_is_the_one_that_is_expected(unproven, store):
    """The header's 500 Hz is wrong by the recipe's own word."""
    said = "corrections:\n  - {channels: ECG, field: rate_hz, value: 250, reason: it is, source: a letter}\n"
    unproven.recipe.write_text(unproven.recipe.read_text().replace("ECG: 500", "ECG: 250") + said)
    assert len(plan(unproven, store).todo) == 12


def test_the_command_says_what_the_recipe_was_tried_on_in_one_line(unproven, store):
    command = ["ingest", str(unproven.recipe), "--root", str(unproven.root), "--store", store.url, "--workers", "0"]
    done = subprocess.run([sys.executable, "-m", "biocurate", *command, "--json"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == tried_on(load_recipe(unproven.recipe))
    add(unproven, "s03_task", rate_hz=128)
    done = subprocess.run([sys.executable, "-m", "biocurate", *command], capture_output=True, text=True)
    assert done.returncode == 2
    assert "s03_task.edf: EEG at 128 Hz, not 256" in done.stderr


def test_a_corpus_takes_its_name_from_the_command(corpus, store):
    """One recipe serves many corpora; the run says which, so that its recipe is found again."""
    import json

    command = ["ingest", str(corpus.recipe), "--as", "ours", "--root", str(corpus.root), "--store", store.url]
    subprocess.run([sys.executable, "-m", "biocurate", *command, "--workers", "0"], check=True, capture_output=True)
    assert set(store.recordings.collect()["corpus"]) == {"ours"}
    [run] = store.tables.scan("runs").collect().to_dicts()
    assert (run["target"], json.loads(run["config"])["corpus"]) == ("ours", "ours")
    assert make_plan(load_recipe(corpus.recipe, "ours"), corpus.root, store).done == 12

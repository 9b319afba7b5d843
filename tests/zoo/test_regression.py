"""Numbers as labels: what is planted is found, where nothing is nothing is, and what is no number is refused."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError, ModelError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, put
from zoo import create_model
from zoo.cli import app
from zoo.data.task import KINDS, Task
from zoo.judging.bootstrap import estimate
from zoo.judging.comparing.compare import compare
from zoo.judging.judge import judge_again, judge_on
from zoo.judging.metrics import Predictions
from zoo.judging.number_metrics import spearman
from zoo.runs import checkpoint
from zoo.runs.config import Evaluation, RunConfig
from zoo.training.finetune import finetune

from .conftest import RATES, SECONDS, stream

PERSONS = 14


def person_of(number, effect, part):
    """EEG whose 10 Hz grows with a level that changes every 10 s, and whose 20 Hz tells nothing."""
    rng = np.random.default_rng([number, part])
    t = np.arange(int(SECONDS * RATES["EEG"])) / RATES["EEG"]
    levels = rng.uniform(1, 9, SECONDS // 10).round(2)
    amplitude = 2 + effect * np.repeat(levels, int(10 * RATES["EEG"]))
    x = amplitude * np.sin(2 * np.pi * 10 * t + rng.uniform(0, 6)) + 3 * rng.standard_normal((2, t.size))
    labels = [interval(10 * at, 10, str(level), "level") for at, level in enumerate(levels)]
    labels += [interval(10 * at, 10, "high" if level > 5 else "low") for at, level in enumerate(levels)]
    age = None if number == PERSONS - 1 else 20.0 + number
    return Recording((stream("EEG", x, ("Fz", "Oz")),), tuple(labels), age=age)


def definition(name, column="level", **changes):
    split = {"method": "kfold", "folds": 2}
    label = {"column": column, "kind": "number"}
    return parse_definition({"name": name, "windows": {"length": "5s"}, "label": label, "split": split, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    stores = {}

    def make(effect):
        if effect not in stores:
            store = create_store(str(tmp_path_factory.mktemp("numbers") / "s"))
            names = {f"twin/p{who:02d}_{part}": (who, part) for who in range(PERSONS) for part in (0, 1)}
            recordings = {name: person_of(who, effect, part) for name, (who, part) in names.items()}
            put(store, recordings, {name: name[5:8] for name in names})
            build_manifest(store, definition("levels"))
            stores[effect] = store
        return stores[effect]

    return make


@pytest.fixture(scope="module")
def store(made):
    return made(1.0)


def config(**changes):
    judged = Evaluation(draws=200, permutations=1)
    return RunConfig(
        **{"model": "features-ridge", "manifest": "levels", "sensors": ("EEG",), "evaluation": judged} | changes
    )


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    return folder, finetune(store, config(), folder)


def test_a_planted_number_is_found_and_no_control_tells_it(trained):
    _, found = trained
    assert found.metrics["r2"].low > 0.5
    assert found.metrics["spearman"].low > 0.7
    assert found.metrics["mae"].high < found.controls["train mean"]["mae"].low
    assert found.controls["permuted"]["r2"].value < 0.1
    assert found.controls["time order"]["spearman"].low <= 0
    assert found.controls["fingerprint"]["r2"].value < found.metrics["r2"].value
    assert set(found.controls) == {"train mean", "time order", "fingerprint", "permuted"}
    assert set(found.detectable) == {"rmse", "mae", "r2", "spearman"}


def test_where_nothing_is_planted_nothing_is_found(made, tmp_path):
    found = finetune(made(0.0), config(), tmp_path / "run")
    assert found.metrics["spearman"].low <= 0
    assert found.metrics["r2"].low <= 0


def test_of_many_cohorts_without_an_effect_few_are_above_chance():
    """Features and numbers that both name the person, and not each other; of 40, 5 % is 2, and 6 once in 70 times."""
    above = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        person = np.repeat(np.arange(24), 6)
        values, numbers = rng.standard_normal((24, 5))[person], rng.standard_normal(24)[person]
        values, numbers = values + rng.standard_normal((144, 5)), numbers + rng.standard_normal(144)
        said = np.empty((144, 2))
        for fold in range(3):
            mine = person % 3 == fold
            model = create_model("features-ridge").fit(values[~mine], numbers[~mine], person[~mine])
            said[mine] = model.predict(values[mine])
        given = Predictions(said, numbers, person, person % 3)
        above += estimate(spearman, [given], draws=200, seed=seed).low > 0
    assert above < 6


def test_the_training_mean_spares_none_of_its_own_error_and_has_no_ranks(trained):
    _, found = trained
    nothing = found.controls["train mean"]
    assert nothing["r2"].value == pytest.approx(0, abs=1e-12)
    assert np.isnan(nothing["spearman"].value)
    spread = nothing["rmse"].value
    assert found.metrics["r2"].value == pytest.approx(1 - (found.metrics["rmse"].value / spread) ** 2)


def test_recordings_and_persons_are_judged_by_the_mean_of_their_windows(trained):
    folder, found = trained
    held = pl.read_parquet(folder / "predictions.parquet")
    means = held.group_by("person").agg(pl.col("label", "predicted").mean())
    assert set(found.levels) == {"recording", "person"}
    error = (means["label"] - means["predicted"]).abs().mean()
    assert found.levels["person"]["mae"].value == pytest.approx(error)
    assert any(note.startswith("By person: the mean of its predictions") for note in found.cautions)


def test_every_persons_figures_stand_in_the_report(trained):
    folder, found = trained
    held = pl.read_parquet(folder / "predictions.parquet").filter(pl.col("person") == "twin/p03")
    (row,) = [row for row in found.per_person if row["person"] == "twin/p03"]
    assert row["mae"] == pytest.approx((held["label"] - held["predicted"]).abs().mean())
    assert row["mae_of_train_mean"] == pytest.approx((held["label"] - held["train_mean"]).abs().mean())
    assert row["spearman"] == pytest.approx(held.select(pl.corr("label", "predicted", method="spearman")).item())


def test_a_run_of_numbers_is_drawn_shown_and_judged_again_to_the_same_figures(trained):
    folder, found = trained
    assert judge_again(folder).to_json() == found.to_json() == json.loads((folder / "metrics.json").read_text())
    pictures = {path.name for path in folder.glob("*.png")}
    assert pictures == {"subjects.png", "scatter.png"}
    shown = CliRunner().invoke(app, ["evaluate", str(folder)], catch_exceptions=False).stdout
    assert "spearman" in shown
    assert "a number" in shown
    assert any("ranks are never pooled" in note for note in found.cautions)
    assert "penalty" in (folder / "log" / "fold0" / "metrics.csv").read_text()
    about = checkpoint.load(folder / "model-fold0.safetensors").about
    assert (about["task"], about["classes"]) == ("regression", [])


def test_a_run_of_numbers_is_judged_on_windows_of_others(store, tmp_path):
    build_manifest(store, definition("held", split={"fractions": {"train": 0.6, "test": 0.4}, "seed": 1}))
    found = finetune(store, config(manifest="held"), tmp_path / "held")
    again = judge_on(tmp_path / "held", store, "held", split="test")
    assert again.metrics == found.metrics
    one, other = (each.controls["train mean"] for each in (again, found))
    assert (one["rmse"], one["mae"], one["r2"]) == (other["rmse"], other["mae"], other["r2"])


def test_runs_of_numbers_are_compared_by_each_persons_error(store, trained, tmp_path):
    finetune(store, config(options={"penalty": 1000.0}), tmp_path / "stiff")
    found = compare([trained[0], tmp_path / "stiff"])
    (pair,) = found.pairs
    assert (pair.metric, pair.persons) == ("mae", PERSONS)
    assert pair.high < 0
    assert any("less is better" in note for note in found.notes)


def test_the_age_of_who_is_recorded_is_flagged_and_unknown_ages_are_left_out(store, tmp_path):
    made = build_manifest(store, definition("ages", "age"))
    assert sorted(made.rows["label"].unique()) == [20.0 + number for number in range(PERSONS - 1)]
    assert [each["dropped"] for each in made.dropped if each["by"] == "unlabelled"] == [16]
    assert "age" not in made.rows.columns
    found = finetune(store, config(manifest="ages"), tmp_path / "run")
    assert any("constant within persons: n counts 13 persons" in note for note in found.cautions)
    assert all(row["spearman"] is None for row in found.per_person)


def test_a_manifest_of_numbers_tells_their_spread_and_has_no_classes(store):
    made = store.manifest("levels")
    assert (made.classes, made.absent, made.one_sided, made.numeric) == ([], [], {}, True)
    assert made.rows.schema["label"] == pl.Float64
    table = made.balance()
    assert {"split", "least", "mean", "most", "windows", "persons"} <= set(table.columns)
    assert table["windows"].sum() == made.rows.height
    assert Task.of(made, KINDS).kind == "regression"


def test_text_that_is_no_number_is_refused_with_what_it_is(store):
    with pytest.raises(ManifestError, match=r"no number: 'high', 'low'") as caught:
        build_manifest(store, definition("no", "condition"))
    assert "kind: class" in (caught.value.mend or "")
    with pytest.raises(ManifestError, match="no column"):
        build_manifest(store, definition("no", "condition", windows={"set": "manifest-levels"}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": {"column": "level", "kind": "number", "keep": ["1"]}},
        {"split": {"method": "balanced", "fractions": {"train": 0.5, "test": 0.5}}},
        {"label": {"column": "level", "kind": "amount"}},
    ],
)
def test_a_definition_that_mixes_numbers_and_names_is_refused(wrong):
    with pytest.raises(ManifestError):
        definition("no", **wrong)


def test_a_model_of_the_other_kind_is_refused(store, cohort, trained, tmp_path):
    with pytest.raises(ModelError, match="it tells classes, and the label is a number"):
        finetune(store, config(model="features-logreg"), tmp_path / "no")
    with pytest.raises(ModelError, match="it tells a number, and labels are names"):
        finetune(cohort(), config(manifest="folds"), tmp_path / "no")
    with pytest.raises(ModelError, match="unlike what it learnt"):
        judge_on(trained[0], cohort(), "folds")
    with pytest.raises(ManifestError, match="its label is a number, and classes are asked for"):
        Task.of(store.manifest("levels"))


def test_classes_keep_their_definition_and_so_their_hash():
    """A field that holds its default is left out of what is hashed."""
    fields = {"name": "m", "windows": {"length": "5s"}, "label": {"column": "condition"}}
    assert "kind" not in parse_definition(fields).canonical()


def test_ridge_is_scikit_learns_on_standardised_features_and_numbers():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((80, 5)) * [1, 10, 0.1, 1, 1] + 3
    values[:, 4] = 7.0  # constant: tells nothing
    numbers = values[:, 0] - values[:, 1] + rng.standard_normal(80)
    model = create_model("features-ridge", penalty=0.5).fit(values, numbers)
    x = (values[:, :4] - values[:, :4].mean(axis=0)) / values[:, :4].std(axis=0)
    y = (numbers - numbers.mean()) / numbers.std()
    expected = Ridge(alpha=0.5 * 80).fit(x, y).predict(x) * numbers.std() + numbers.mean()
    np.testing.assert_allclose(model.predict(values)[:, 0], expected)
    np.testing.assert_allclose(model.predict(values)[:, 1], numbers.mean())


def test_the_penalty_is_strong_where_features_tell_nothing_of_other_persons():
    """Features that name the person fit the training persons well, and nobody else."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(12), 10)
    own = rng.standard_normal((12, 6))[person]
    numbers = rng.standard_normal(12)[person]
    known = create_model("features-ridge").fit(own, numbers, person)
    unknown = create_model("features-ridge").fit(own, numbers)
    assert known.strength > unknown.strength
    told = own[:, 0] + 0.1 * rng.standard_normal(120)
    assert create_model("features-ridge").fit(own, told, person).strength < 1


def test_numbers_that_are_all_equal_are_said_again():
    model = create_model("features-ridge").fit(np.random.default_rng(0).standard_normal((20, 3)), np.full(20, 4.0))
    np.testing.assert_array_equal(model.predict(np.zeros((2, 3))), 4.0)

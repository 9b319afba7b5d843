"""What stands in a report beside its figures: wholes, what could be detected, what else could explain it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import nct, t
from sklearn.metrics import confusion_matrix, roc_curve

from zoo.judging.aggregated import aggregated
from zoo.judging.detectable import detectable
from zoo.judging.evaluate import report
from zoo.judging.figures import METRICS
from zoo.judging.held import predictions_of
from zoo.judging.plots import plot_all
from zoo.judging.plots.roc import GRID, hits
from zoo.judging.results import results

CLASSES = ["rest", "task"]


def held(persons=12, skill=1.0, seed=0, windows=6, constant=True, fold=1):
    """Two recordings a person; the label is the recording's, or alternates within it."""
    rng = np.random.default_rng(seed)
    table = pl.DataFrame({"person": np.repeat([f"p{n:02d}" for n in range(persons)], 2 * windows)}).with_row_index()
    code = np.tile(np.repeat([0, 1], windows) if constant else np.arange(2 * windows) % 2, persons)
    ours = rng.standard_normal(persons).repeat(2 * windows) * 0.3
    odds = 1 / (1 + np.exp(-(skill * (2 * code - 1) + ours + rng.standard_normal(len(code)))))
    names = pl.Series(CLASSES)
    return table.select(
        window_id=pl.col("index").cast(pl.Int64),
        recording_id=pl.col("person") + pl.Series(np.where(np.arange(len(code)) // windows % 2, "-b", "-a")),
        person="person",
        label=names.gather(code),
        fold=pl.lit("fold0"),
        predicted=names.gather((odds > 0.5).astype(int)),
        p_rest=pl.Series(1 - odds),
        p_task=pl.Series(odds),
    )


def judged(own, controls=None, draws=200):
    return report(own, {name: [table] for name, table in (controls or {}).items()}, CLASSES, "m", draws=draws)


def test_wholes_are_the_means_of_their_windows():
    table = held()
    whole = aggregated(table, "recording", CLASSES)
    assert whole.height == 24
    one = table.filter(pl.col("recording_id") == "p03-b")
    mine = whole.filter(pl.col("recording_id") == "p03-b")
    assert mine["p_task"][0] == pytest.approx(one["p_task"].mean())
    assert mine["predicted"][0] == ("task" if one["p_task"].mean() > 0.5 else "rest")


@pytest.mark.parametrize("constant", [True, False])
def test_a_report_has_figures_by_recording_and_person_and_says_what_is_averaged(constant):
    found = judged(held(constant=constant))
    assert set(found.levels) == {"recording", "person"}
    assert found.levels["person"]["balanced_accuracy"].value >= found.metrics["balanced_accuracy"].value
    said = [note for note in found.cautions if "averaged that share their label" in note]
    assert len(said) == (1 if constant else 2)
    assert any("n counts 24 recordings" in note for note in found.cautions) == constant


def test_the_confusion_is_scikit_learns():
    table = held(skill=0.4)
    rows = judged(table).confusion
    expected = confusion_matrix(table["label"], table["predicted"], labels=CLASSES)
    np.testing.assert_array_equal([[row["as rest"], row["as task"]] for row in rows], expected)


def test_a_difference_that_is_detectable_is_found_with_power_080():
    """The jackknife of a mean is its standard error; Zar's formula against the power of the noncentral t test."""
    persons = 24
    own = predictions_of(held(persons, skill=0.6), CLASSES)
    score = np.array([np.mean(own.predicted[own.person == at] == own.truth[own.person == at]) for at in range(persons)])
    error = score.std(ddof=1) / np.sqrt(persons)
    found = detectable(METRICS["balanced_accuracy"], [own])  # as many windows of each class and person: their mean
    reach = t.ppf(0.975, persons - 1)
    power = 1 - nct.cdf(reach, persons - 1, found / error) + nct.cdf(-reach, persons - 1, found / error)
    assert power == pytest.approx(0.8, abs=0.02)


def test_detectable_is_smaller_with_more_persons_and_unknown_with_two():
    few, many = (detectable(METRICS["auroc"], [predictions_of(held(n), CLASSES)]) for n in (12, 96))
    assert many < few / 2
    assert detectable(METRICS["auroc"], [predictions_of(held(2), CLASSES)]) is None


def explaining(found):
    return [note for note in found.cautions if note.startswith("fingerprint alone")]


def test_a_control_that_does_as_well_is_said_to_explain_the_result():
    (note,) = explaining(judged(held(20, skill=1.0), {"fingerprint": held(20, skill=1.0, seed=1)}))
    assert "can explain the result" in note


def test_a_model_that_leads_is_said_to_lead():
    (note,) = explaining(judged(held(20, skill=2.0), {"fingerprint": held(20, skill=0.4, seed=1)}))
    assert "the model leads by" in note


def test_a_control_at_chance_is_not_spoken_of():
    assert explaining(judged(held(20, skill=2.0), {"fingerprint": held(20, skill=0.0, seed=1)})) == []


def test_with_few_persons_points_are_compared():
    assert explaining(judged(held(6, skill=1.5), {"fingerprint": held(6, skill=0.2, seed=1)})) == []
    (note,) = explaining(judged(held(6, skill=0.5), {"fingerprint": held(6, skill=2.0, seed=1)}))
    assert "as well as the model" in note


def test_a_roc_curve_is_scikit_learns_and_its_area_the_auroc():
    own = predictions_of(held(skill=0.5), CLASSES)
    rows = np.arange(len(own.truth))
    curve = hits(own, rows, 1)
    alarms, found, _ = roc_curve(own.truth, own.probability[:, 1])
    np.testing.assert_allclose(curve[1:-1], np.interp(GRID, alarms, found)[1:-1], atol=0.03)  # on steps: either end
    assert np.trapezoid(curve, GRID) == pytest.approx(METRICS["auroc"](own, np.ones((1, 12))).value[0], abs=0.01)
    assert hits(own, rows[own.truth == 1], 1) is None


def test_results_are_a_table_of_every_figure_and_every_picture_is_drawn(tmp_path):
    found = judged(held(), {"majority": held(seed=3)})
    table = results(found)
    assert table.height == len(METRICS) * (1 + 2 + 1)
    one = table.row(by_predicate=(pl.col("metric") == "auroc") & (pl.col("system") == "majority"), named=True)
    assert one["value"] == found.controls["majority"]["auroc"].value
    assert (one["persons"], one["level"], one["detectable"]) == (12, "window", None)
    plot_all(found, held(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"subjects.png", "roc.png", "confusion.png", "reliability.png"}


def test_calibration_bins_hold_as_many_windows_each():
    bins = judged(held(50)).reliability
    assert len(bins) == 10
    assert {row["windows"] for row in bins} == {60}
    assert all(0.5 <= row["confidence"] <= 1 and 0 <= row["right"] <= 1 for row in bins)


def test_probabilities_that_are_true_are_calibrated_and_doubled_odds_are_not():
    rng = np.random.default_rng(0)
    own = predictions_of(held(40, windows=50), CLASSES)
    odds = rng.uniform(0.02, 0.98, len(own.truth))
    truth = (rng.uniform(size=len(odds)) < odds).astype(int)
    ones = np.ones((1, own.n_persons))
    errors = []
    for sharp in (1, 3):
        score = odds**sharp / (odds**sharp + (1 - odds) ** sharp)
        given = type(own)(np.stack([1 - score, score], axis=1), truth, own.person, own.fold)
        errors.append(METRICS["ece"](given, ones).value[0])
    assert errors[0] < 0.04 < 0.08 < errors[1]

"""Montages: differences and common averages, by canonical names."""

from __future__ import annotations

import numpy as np

from biocurate.curate.views.montage import TCP, Differences
from biocurate.curate.views.signal import flags_of, joined, runs_of

TEN_TWENTY = "Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T7 T8 P7 P8 Fz Cz Pz"


def test_tcp_has_the_22_pairs_of_the_tuh_corpora_each_once():
    assert len(set(TCP)) == 22
    assert {name for pair in TCP for name in pair} == {
        *TEN_TWENTY.replace("T7", "T3").replace("T8", "T4").replace("P7", "T5").replace("P8", "T6").split(),
        "A1",
        "A2",
    } - {"Fz", "Pz"}


def test_without_ear_electrodes_tcp_has_20_pairs_and_says_which_two_are_left_out(planned, derived):
    step = {"step": "montage", "pairs": "tcp", "absent": "drop"}
    plan = planned([step], 250, names=TEN_TWENTY)
    assert plan.dropped == ("montage A1-T3: no such electrode", "montage T4-A2: no such electrode")
    assert len(plan.form.names) == 20
    assert plan.form.names[0] == "Fp1-F7"
    assert "T7-C3" in plan.form.names
    samples = np.random.default_rng(3).normal(size=(19, 500))
    found, _ = derived([step], samples, 250, names=TEN_TWENTY)
    order = TEN_TWENTY.split()
    np.testing.assert_allclose(found[1], samples[order.index("F7")] - samples[order.index("T7")], rtol=1e-6)


def test_a_missing_electrode_is_refused_unless_it_is_said_to_be_dropped(planned):
    plan = planned([{"step": "montage", "pairs": [["Fp1", "Fz"], ["Fp1", "Nz"]]}], 250, names=TEN_TWENTY)
    assert plan.refused == "montage: there is no Fp1-Nz"
    nothing = {"step": "montage", "pairs": [["Iz", "Nz"]], "absent": "drop"}
    assert planned([nothing], 250, names=TEN_TWENTY).refused


def test_the_common_average_is_taken_off_every_channel(derived):
    samples = np.random.default_rng(3).normal(50, 5, size=(4, 500))
    found, _ = derived([{"step": "montage", "kind": "average"}], samples, 250)
    np.testing.assert_allclose(found, samples - samples.mean(axis=0), atol=1e-5)
    found, _ = derived([{"step": "montage", "kind": "average", "reference": ["c0", "c2"]}], samples, 250)
    np.testing.assert_allclose(found, samples - samples[[0, 2]].mean(axis=0), atol=1e-5)


def test_channels_in_different_units_have_no_difference(planned):
    mixed = planned([{"step": "montage", "kind": "average"}], 250)
    assert not mixed.refused
    assert planned([{"step": "montage", "kind": "average"}], 250, unit_status="suspect").refused


def test_a_difference_is_missing_where_either_channel_is():
    class Parent:
        n_samples = 100
        missing = (np.array([[3, 5]]), np.array([[4, 9], [50, 51]]), np.empty((0, 2), dtype=int))

    found = Differences(Parent(), np.array([0, 2]), np.array([1, 2])).missing
    assert found[0].tolist() == [[3, 9], [50, 51]]
    assert found[1].tolist() == []


def test_runs_are_the_stretches_of_flags_and_join_where_they_touch():
    flags = np.array([1, 1, 0, 1, 0, 0, 1], dtype=bool)
    assert runs_of(flags).tolist() == [[0, 2], [3, 4], [6, 7]]
    assert joined([np.array([[0, 2], [8, 9]]), np.array([[2, 4], [3, 5], [7, 7]])]).tolist() == [[0, 5], [8, 9]]
    assert joined([]).tolist() == []


def test_two_channels_of_one_name_are_refused(planned):
    plan = planned([{"step": "montage", "pairs": [["Fp1", "Fz"]]}], 250, names="Fp1 Fp1 Fz")
    assert plan.refused == "montage: several channels are called Fp1"


def test_flags_are_the_samples_of_a_span_that_lie_in_runs():
    runs = np.array([[0, 2], [4, 9], [8, 12], [20, 30]])
    assert np.flatnonzero(flags_of(runs, 0, 40)).tolist() == [0, 1, *range(4, 12), *range(20, 30)]
    assert np.flatnonzero(flags_of(runs, 5, 22)).tolist() == [*range(7), 15, 16]
    assert not flags_of(runs, 12, 20).any()

"""Einthoven, Fahr & de Waart 1913 and Goldberger 1942, on hearts simulated at the electrodes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.audit.leads import IDENTITIES, lead_identities
from biocurate.audit.ranges import equal_ranges

from .conftest import limb_leads

SIX = limb_leads()
NAMES = list(SIX)
MILLIVOLTS = np.stack(list(SIX.values()))


def digitised(gains) -> np.ndarray:
    """Integers of which each lead has its own number a millivolt."""
    return np.round(MILLIVOLTS * np.asarray(gains)[:, None]).astype(np.int16)


def verdicts(digital, scale, names=NAMES, invalid=None):
    return lead_identities(digital, names, list(scale), invalid or [None] * len(names))


def test_the_identities_are_those_of_the_electrodes(leads):
    """Each is a sum of differences between electrodes, and vanishes for any voltages."""
    for coefficients in IDENTITIES.values():
        residual = sum(weight * leads[lead] for lead, weight in coefficients.items())
        np.testing.assert_allclose(residual, 0, atol=1e-12)


def test_einthoven_1913_right_gains_hold_in_integers_and_in_millivolts():
    found = verdicts(digitised([200] * 6), [1 / 200] * 6)
    assert [verdict.identity for verdict in found] == list(IDENTITIES)
    assert all((verdict.digital, verdict.physical) == ("holds", "holds") for verdict in found)


@given(st.lists(st.floats(100, 5000), min_size=6, max_size=6))
def test_any_gains_that_are_the_true_ones_hold_in_millivolts(gains):
    """Leads may be digitised each at its own gain: that the integers differ then is no fault."""
    found = verdicts(digitised(gains), 1 / np.asarray(gains))
    assert len(found) == 4
    assert all(verdict.physical == "holds" for verdict in found)
    assert not any(verdict.gains_are_wrong or verdict.leads_disagree for verdict in found)


@given(st.lists(st.floats(0.2, 5.0), min_size=6, max_size=6))
def test_leads_of_one_gain_that_are_declared_to_have_six_have_wrong_gains(factors):
    """The integers obey the identity; physical values made with other gains miss it by what the gains differ."""
    digital, scale = digitised([1000] * 6), np.asarray(factors) / 1000
    for verdict in verdicts(digital, scale):
        declared = {lead: factors[NAMES.index(lead)] * SIX[lead] for lead in verdict.leads}
        residual = sum(weight * declared[lead] for lead, weight in IDENTITIES[verdict.identity].items())
        missed = np.abs(residual - np.median(residual)).max() / max(map(np.ptp, declared.values()))
        assert verdict.digital == "holds"
        if missed > 0.3:
            assert verdict.gains_are_wrong
        if missed < 0.008:
            assert verdict.physical == "holds"


@given(st.sampled_from(["I", "II", "III"]), st.floats(2.0, 50.0))
def test_one_wrong_gain_is_found_in_the_identities_that_its_lead_is_in(lead, factor):
    scale = np.full(6, 1e-3)
    scale[NAMES.index(lead)] *= factor
    found = verdicts(digitised([1000] * 6), scale)
    assert {verdict.identity for verdict in found if verdict.gains_are_wrong} == {
        identity for identity, leads in IDENTITIES.items() if lead in leads
    }


@given(st.lists(st.integers(-3000, 3000), min_size=6, max_size=6))
def test_constant_offsets_are_no_fault(offsets):
    digital = digitised([1000] * 6) + np.array(offsets, np.int16)[:, None]
    assert all(verdict.digital == "holds" for verdict in verdicts(digital, [1e-3] * 6))


def test_a_wrongly_named_lead_is_reported_as_that_and_says_nothing_about_gains():
    names = ["II", "I", *NAMES[2:]]
    found = {verdict.identity: verdict for verdict in verdicts(digitised([1000] * 6), [1e-3] * 6, names)}
    assert found["II = I + III"].leads_disagree
    assert not any(verdict.gains_are_wrong for verdict in found.values())


def test_samples_that_are_marked_invalid_are_left_out():
    digital = digitised([1000] * 6)
    digital[2, 1000:3000] = -32768
    assert all(v.digital == "breaks" for v in verdicts(digital, [1e-3] * 6) if "III" in v.leads)
    assert all(v.digital == "holds" for v in verdicts(digital, [1e-3] * 6, invalid=[-32768] * 6))


def test_where_nothing_moves_or_a_lead_is_missing_or_there_twice_nothing_is_said():
    assert verdicts(np.zeros((6, 5000), np.int16), [1.0] * 6) == []
    assert verdicts(digitised([1000] * 6)[:2], [1e-3] * 2, ["I", "V1"]) == []
    assert verdicts(digitised([1000] * 6)[:3], [1e-3] * 3, ["I", "I", "III"]) == []
    assert verdicts(np.full((6, 5000), -32768, np.int16), [1.0] * 6, invalid=[-32768] * 6) == []


def test_floats_have_no_digital_step_that_could_hide_a_fault():
    volts = MILLIVOLTS / 1000
    assert all(verdict.physical == "holds" for verdict in verdicts(volts, [1.0] * 6))
    volts[1] *= 1.5
    assert verdicts(volts, [1.0] * 6)[0].leads_disagree


@given(st.lists(st.floats(0.05, 20), min_size=3, max_size=12), st.integers(500, 20_000))
def test_leads_that_were_scaled_to_one_range_are_found_whatever_their_amplitude(amplitudes, steps):
    """As LUDB is made: the gain of each lead is its own peak-to-peak in steps."""
    swing = np.round(np.asarray(amplitudes) * steps) + 50
    low = -np.floor(swing / 3)
    assert equal_ranges(low, low + swing, 1 / swing) == pytest.approx(1)


def test_true_amplitudes_are_not_equal():
    low, high = MILLIVOLTS.min(axis=1) * 1000, MILLIVOLTS.max(axis=1) * 1000
    assert equal_ranges(low, high, [1e-3] * 6) is None
    assert equal_ranges([0, 0], [1000, 1000], [1e-3] * 2) is None
    assert equal_ranges([0, np.nan, 0], [1000, np.nan, 1000], [1e-3] * 3) is None

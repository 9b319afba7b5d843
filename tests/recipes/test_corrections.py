"""Corrections: what a header states wrongly is mended in the rows, with its reason; the integers stay."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.errors import RecipeError
from biocurate.recording import NS

SIGNALS = [("I", "mV"), ("II", "mV"), ("PLETH", "NU")]


def correction(field, value, **selectors):
    return {"field": field, "value": value, "reason": "the amplifier's manual", "source": "errata 2020", **selectors}


def only(root, made):
    (unit,) = made.units(root)
    return made.read(unit)


def channels(recording):
    return {channel.label: channel for stream in recording.streams for channel in stream.channels}


def test_a_gain_is_mended_in_the_channels_it_selects_over_untouched_integers(recipe, record):
    root = record("01_1", SIGNALS)
    plain, mended = only(root, recipe()), only(root, recipe(corrections=[correction("gain", 0.5, channels="I{1,2}")]))
    assert (channels(mended)["I"].gain, channels(mended)["PLETH"].gain) == (0.5, channels(plain)["PLETH"].gain)
    assert {name: channel.unit_status for name, channel in channels(mended).items()} == {
        "I": "corrected",
        "II": "corrected",
        "PLETH": channels(plain)["PLETH"].unit_status,
    }
    for before, after in zip(plain.streams, mended.streams, strict=True):
        np.testing.assert_array_equal(before.digital, after.digital)


def test_a_correction_is_told_in_the_warnings_with_its_reason_and_source(recipe, record):
    made = recipe(corrections=[correction("unit", "uV", channels="I")])
    assert (
        "unit of 1 channels corrected: the amplifier's manual (errata 2020)"
        in only(record("01_1", SIGNALS), made).warnings
    )


def test_a_correction_is_of_the_recordings_that_it_selects(recipe, record):
    made = recipe(corrections=[correction("invalid", 7, recordings="02_.*")])
    record("01_1", SIGNALS)
    first, second = made.units(record("02_1", SIGNALS))
    assert 7 not in {channel.invalid for channel in channels(made.read(first)).values()}
    assert {channel.invalid for channel in channels(made.read(second)).values()} == {7}


def test_a_true_rate_changes_the_length_of_what_it_selects_only(recipe, record):
    made = recipe(corrections=[correction("rate_hz", 8, channels="PLETH")])
    recording = only(record("01_1", SIGNALS), made)
    assert recording.stream("ECG").rate_hz == 4
    assert recording.stream("PPG").rate_hz == 8
    assert recording.stream("PPG").end_ns == 2 * NS
    assert made.signal_hash != recipe().signal_hash


def test_a_corrected_gain_is_metadata_and_no_reason_to_read_samples_again(recipe):
    made = recipe(corrections=[correction("gain", 0.5)])
    assert made.signal_hash == recipe().signal_hash
    assert made.metadata_hash != recipe().metadata_hash


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("gain", "much", "is a number"),
        ("unit", 3, "is a text"),
        ("rate_hz", 0, "more than 0 Hz"),
        ("invalid", 0.5, "whole"),
    ],
)
def test_a_value_that_cannot_be_is_refused_when_the_recipe_is_read(recipe, field, value, said):
    with pytest.raises(RecipeError, match=said):
        recipe(corrections=[correction(field, value)])

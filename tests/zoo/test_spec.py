"""What a model takes is checked before anything is read, and errors say what to change."""

from __future__ import annotations

import pytest

from biocurate.errors import ModelError
from biocurate.sensors import SensorType
from zoo.models.found import found_in
from zoo.models.spec import Found, ImageSpec, SensorSpec, StreamSpec

EEG = SensorType.EEG
SPEC = SensorSpec(
    input="window",
    sensors=(EEG,),
    view="panluna",
    streams=(StreamSpec(EEG, channels=("Cz", "Oz"), rate_hz=256.0, unit="1", band_hz=(0.1, 75.0)),),
)
VIEW = "panluna-0123456789ab"


def found(**changes):
    fields = {"channels": ("Fz", "Oz", "Cz"), "rate_hz": 256.0, "units": ("1",) * 3, "band_hz": (0.1, 75.0)}
    return Found(EEG, **fields | changes)


def test_data_that_fit_pass():
    SPEC.check_streams("m", [found()], VIEW)
    SPEC.check_streams("m", [found(units=("uV", "1", "1"))], VIEW)  # Fz is not taken


@pytest.mark.parametrize(
    ("changes", "view", "what", "mend"),
    [
        ({}, None, "takes windows of the view panluna, not raw ones", "biocurate preprocess panluna"),
        ({}, "panluna-tcp-0123456789ab", "not panluna-tcp-", "biocurate preprocess panluna"),
        ({"channels": ("Fz", "Oz", "Pz")}, VIEW, "EEG lacks Cz", "have Cz, Oz"),
        ({"rate_hz": 250.0}, VIEW, "EEG has 250 Hz, it takes 256 Hz", "rate_hz: 256"),
        ({"units": ("1", "uV", "1")}, VIEW, "EEG is in uV, it takes 1", "step: normalise"),
        ({"band_hz": (0.5, 75.0)}, VIEW, r"\(0.5, 75.0\) Hz, it takes \(0.1, 75.0\) Hz", "low_hz: 0.1, high_hz: 75.0"),
        ({"band_hz": (None, None)}, VIEW, r"\(None, None\) Hz", "step: band"),
    ],
)
def test_what_does_not_fit_is_said_with_what_to_change(changes, view, what, mend):
    with pytest.raises(ModelError, match=what) as caught:
        SPEC.check_streams("m", [found(), found(**changes)], view)
    assert mend in caught.value.mend
    assert caught.value.where == "m"


def test_a_sensor_type_that_no_window_has_is_named():
    with pytest.raises(ModelError, match="takes EEG, which no window has"):
        SPEC.check_streams("m", [], VIEW)


def test_what_is_not_asked_for_may_be_anything():
    SensorSpec(input="window", streams=(StreamSpec(EEG),)).check_streams("m", [found(rate_hz=1.0)], None)


def test_images_of_a_kind_that_a_model_does_not_take_are_refused():
    spec = ImageSpec(channels=3, size=224, representations=("scalogram",))
    spec.check("m", ["scalogram"])
    with pytest.raises(ModelError, match="images of trace"):
        spec.check("m", ["scalogram", "trace"])
    assert str(spec) == "3 channels, 224 x 224, uint8, scalogram"


def test_forms_are_those_of_the_streams_that_cover_the_windows(cohort):
    store = cohort()
    rows = store.manifest("folds").rows
    both = found_in(store, rows, [EEG, SensorType.GSR])
    assert [(each.sensor, each.channels, each.rate_hz, each.units) for each in both] == [
        (EEG, ("Fz", "Oz"), 64.0, ("uV", "uV")),
        (SensorType.GSR, ("GSR",), 8.0, ("uS",)),
    ]
    lacks = rows.filter(rows["person"] == "twin/p11")
    assert [each.sensor for each in found_in(store, lacks, [EEG, SensorType.GSR])] == [EEG]

"""Views as YAML: what is valid, what is told of what is not, and what its hash depends on."""

from __future__ import annotations

import pytest

from biocurate.curate.views.catalogue import steps
from biocurate.curate.views.chain import hardware_band
from biocurate.curate.views.lazy import view_of_chain
from biocurate.curate.views.schema import find_view, parse_view, shipped
from biocurate.errors import ViewError
from biocurate.sensors import SensorType

BAND = {"step": "band", "low_hz": 0.1, "high_hz": 75}


def view(*chain, **fields):
    return parse_view({"name": "v", "chains": {"EEG": list(chain)}, **fields})


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_view_is_valid_and_called_like_its_file(name):
    found = find_view(name)
    assert found.name == name
    assert found.title and found.source


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_chain_comes_back_out_of_what_its_rows_say(name):
    found = find_view(name)
    for sensor in found.chains:
        assert view_of_chain(found.canonical(sensor), sensor).chains[sensor] == found.chains[sensor]


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ([{"step": "bnad"}], "there is no step 'bnad'"),
        ([{"low_hz": 1}], "there is no step None"),
        ([{"step": "band"}], "it needs low_hz, high_hz or both"),
        ([{"step": "band", "low_hz": 50, "high_hz": 5}], "low_hz lies above high_hz"),
        ([BAND | {"oder": 4}], "oder"),
        ([{"step": "notch", "hz": -50}], "greater than 0"),
        ([{"step": "normalise"}], "scope"),
        ([{"step": "normalise", "scope": "causal"}], "`seconds` belongs to"),
        ([{"step": "normalise", "scope": "window", "seconds": 3}], "`seconds` belongs to"),
        ([{"step": "normalise", "scope": "window"}, BAND], "behind `normalise` there is only `clip`"),
        ([{"step": "clip", "low": 3, "high": 1}], "low lies above high"),
        ([{"step": "montage"}], "`pairs` belongs to"),
        ([{"step": "scale", "factor": 0.1}], "unit"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(chain, said):
    with pytest.raises(ViewError) as told:
        view(*chain)
    assert said in str(told.value)


def test_a_view_that_is_none_is_told_with_those_that_are(tmp_path):
    with pytest.raises(ViewError, match="'panluna'"):
        find_view("panlun")
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [")
    with pytest.raises(ViewError, match="no YAML"):
        find_view(broken)
    with pytest.raises(ViewError, match="cannot be read"):
        find_view(tmp_path / "none.yaml")


def test_the_id_depends_on_what_decides_samples_and_on_nothing_else():
    first = view(BAND)
    assert view({"step": "band", "high_hz": 75.0, "low_hz": 0.1, "order": 4}, title="other").id == first.id
    assert view(BAND | {"order": 3}).id != first.id
    assert view(BAND, {"step": "notch"}).id != first.id
    assert view(BAND, allow_suspect=True).id != first.id
    assert parse_view({"name": "v", "chains": {"ECG": [BAND]}}).id != first.id


def test_only_scopes_that_use_other_samples_of_the_test_subject_are_transductive():
    said = {
        scope: view({"step": "normalise", "scope": scope, "seconds": seconds}).transductive(SensorType.EEG)
        for scope, seconds in {
            "window": None, "causal": 5, "calibration": 5, "recording": None, "subject": None, "train": None,
        }.items()
    }  # fmt: skip
    assert {scope for scope, told in said.items() if told} == {"recording", "subject"}


@pytest.mark.parametrize(
    ("stated", "prefilters", "band"),
    [
        (None, ["HP:0.1Hz LP:75Hz N:50Hz"], (0.1, 75.0)),
        (None, ["HP:0,5 Hz", None, "HP:0.1Hz LP:0.1kHz"], (0.5, 100.0)),
        ([0.3, None], ["LP:35Hz"], (0.3, 35.0)),
        (None, ["HP:DC LP:..Hz", ""], (None, None)),
    ],
)
def test_the_hardware_band_is_what_the_prefilters_leave_edf_plus_2_1_3_7(stated, prefilters, band):
    assert hardware_band(stated, prefilters) == band


def test_every_step_says_what_it_computes_and_by_which_source():
    for name, step in steps().items():
        assert step.__doc__ and len(step.__doc__) > 80, name

"""Age and sex out of a text field of the header: `from: header` with `field` and `match`."""

from __future__ import annotations

import edfio
import numpy as np
import pytest

from biocurate.errors import RecipeError

FILES = {"pattern": r"(?P<subject>\d\d)\.edf", "reader": "edf"}
AGE = {"from": "header", "field": "patient", "match": r".*\bAge:(?P<value>\d+)\b.*"}
SEX = {"from": "header", "field": "patient", "match": r"\S+ (?P<value>\w+) .*", "map": {"1": "male", "2": "female"}}


@pytest.fixture
def stated(tmp_path, recipe):
    """Age, sex and warnings of a file with some patient field, EDF or EDF+."""

    def read(patient: str, *, plus: bool = False, **subject):
        root = tmp_path / "corpus"
        root.mkdir(exist_ok=True)
        signal = edfio.EdfSignal(np.arange(256.0), 256, label="EEG Cz", physical_dimension="uV")
        marks = [edfio.EdfAnnotation(0, None, "x")] if plus else None
        edfio.Edf([signal], annotations=marks).write(root / "01.edf")
        data = bytearray((root / "01.edf").read_bytes())
        data[8:88] = patient.encode().ljust(80)
        (root / "01.edf").write_bytes(data)
        made = recipe(files=FILES, subject=subject)
        recording = made.read(made.units(root)[0])
        return recording.age, recording.sex, [text for text in recording.warnings if text.startswith(("age", "sex"))]

    return read


@pytest.mark.parametrize(
    ("patient", "age"),
    [("x M Age:54", 54), ("Age:0 x", 0), ("x Age:121", None), ("x Aged:54", None), ("x AGE 54", None), ("", None)],
)
def test_an_age_is_what_the_pattern_takes_where_that_is_one(stated, patient, age):
    said = [] if age is not None else ["age: none that can be read in the header's patient field"]
    assert stated(patient, age=AGE) == (age, None, said)


def test_a_map_says_what_the_words_mean(stated):
    assert stated("x 2 x", sex=SEX)[1] == "F"
    assert stated("x 3 x", sex=SEX)[1:] == (None, ["sex: none that can be read in the header's patient field"])


def test_where_edf_plus_says_otherwise_the_recipes_word_is_kept_and_that_is_told(stated):
    """EDF+ section 2.1.3 (3): the second subfield is the sex."""
    _, sex, said = stated("x M X x 2 x", plus=True, sex={**SEX, "match": r".* (?P<value>\d) x"})
    assert (sex, said) == (
        "F",
        ["sex: the header's patient field and file header differ; that of the header's patient field is kept"],
    )


@pytest.mark.parametrize(
    "field", [{"from": "header", "field": "patient"}, {"from": "header", "match": "x"}, {**AGE, "field": "recording"}]
)
def test_a_field_without_a_pattern_or_a_pattern_without_a_field_is_refused(recipe, field):
    with pytest.raises(RecipeError):
        recipe(files=FILES, subject={"age": field})

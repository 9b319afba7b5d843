"""Found by the audit's tests: a table's 40.4 years and a header's whole 40 were told as a contradiction."""

from __future__ import annotations

from datetime import date

import edfio
import numpy as np
import pytest

from biocurate.recipes import load_recipe

RECIPE = """
name: aged
title: Ages with months
licence: CC0-1.0
access: open
citation: none
url: https://example.org/aged
files: {pattern: '(?P<subject>\\w+)\\.edf', reader: edf}
subject: {age: {from: table, file: who.csv, key: {column: id}, column: age}}
"""


@pytest.mark.parametrize(("age", "differs"), [("40.4", False), ("40.9", False), ("39.5", False), ("41", True)])
def test_an_age_differs_from_whole_years_by_a_year_or_more(tmp_path, age, differs):
    (tmp_path / "aged.yaml").write_text(RECIPE)
    (tmp_path / "who.csv").write_text(f"id,age\na,{age}\n")
    signal = edfio.EdfSignal(np.arange(256.0), 256, label="EEG Cz", physical_dimension="uV")
    edfio.Edf(
        [signal],
        patient=edfio.Patient(birthdate=date(1980, 1, 1)),
        recording=edfio.Recording(startdate=date(2020, 6, 1)),
        annotations=[edfio.EdfAnnotation(0, None, "start")],
    ).write(tmp_path / "a.edf")
    recipe = load_recipe(tmp_path / "aged.yaml")
    recording = recipe.read(recipe.units(tmp_path)[0])
    assert recording.age == float(age)
    assert any("differ" in text for text in recording.warnings) == differs

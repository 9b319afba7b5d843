"""The page of a recipe's fields says what the models read, all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from biocurate.formats import names, reader
from biocurate.recipes.fields_page import markdown

PAGE = Path(__file__).parents[2] / "docs" / "recipe-fields.md"


def test_the_page_is_made_from_the_models():
    assert PAGE.read_text() == markdown(), "run: python -m biocurate.recipes.fields_page > docs/recipe-fields.md"


@pytest.mark.parametrize("field", ["corrections", "on_clock", "units_row", "normalise", "zero_fill", "annotators"])
def test_fields_that_a_newcomer_looks_for_are_there(field):
    [line, *_] = [line for line in markdown().splitlines() if f"`{field}`:" in line]
    assert len(line) > len(f"- `{field}`: list of fields; ")


@pytest.mark.parametrize("name", sorted(names()))
def test_every_option_of_a_reader_is_there(name):
    said = markdown()
    assert f"## files.options of the reader {name}\n" in said
    for option, field in reader(name).Options.model_fields.items():
        assert f"`{field.alias or option}`" in said


def test_fields_without_a_default_are_bold():
    lines = markdown().splitlines()
    assert "- **`licence`**: text" in lines
    assert "- `share_alike`: true or false; Whether what is derived from it must stay under its licence." in lines

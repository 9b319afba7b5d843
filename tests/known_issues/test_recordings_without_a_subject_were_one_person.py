"""A pattern whose group `subject` may be empty put unrelated recordings on one person, `corpus/--e3b0c44298fc`."""

from __future__ import annotations

import pytest
import yaml

from biocurate.errors import RecipeError
from biocurate.recipes import load_recipe


def test_an_empty_subject_is_refused_with_the_file(tmp_path):
    recipe = {
        "name": "tiny",
        "title": "A tiny corpus",
        "licence": "CC0-1.0",
        "access": "open",
        "citation": "none",
        "url": "https://example.org",
        "files": {"pattern": r"(?P<subject>[a-z]*)\d+\.hea", "reader": "wfdb"},
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    (tmp_path / "raw").mkdir()
    for name in ("a1.hea", "2.hea"):
        (tmp_path / "raw" / name).write_text("x")
    with pytest.raises(RecipeError, match=r"2\.hea.*`subject`"):
        load_recipe(tmp_path / "tiny.yaml").units(tmp_path / "raw")

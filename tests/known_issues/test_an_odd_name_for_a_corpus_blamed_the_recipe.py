"""`ingest --as "a b"` blamed a line of the recipe, though the option was at fault."""

from __future__ import annotations

import pytest

from biocurate.errors import RecipeError
from biocurate.recipes import load_recipe


@pytest.mark.parametrize(("name", "near"), [("a b", "a-b"), ("Ours", "ours"), ("", "mycorpus"), ("-x", "x")])
def test_the_option_is_named_with_a_name_that_would_do(name, near):
    with pytest.raises(RecipeError) as raised:
        load_recipe("bids", name)
    assert raised.value.where == "--as"
    assert repr(near) in raised.value.mend
    assert "line" not in str(raised.value)

r"""The pattern ``([a-z._0-9]+)+X`` on a file name of 45 letters: 20 seconds and more, and no word from `check`."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.errors import RecipeError
from biocurate.recipes import list_recipes, load_recipe
from biocurate.recipes.backtracking import runs_away

FOR_EVER = [
    r"([a-z._0-9]+)+X",
    r"(a*)*b",
    r"(\w+_?)*\.edf",
    r"(\w+_)*x",  # \w has the underscore, too
    r"(a|aa)+b",
    r"(.*?/)*x",
    r"(\d{1,3})+x",
    r"(x+x+)+y",
    r"(a+){2,40}b",
    r"(a+){40}b",
    r"(\s*\w*)*-",
    r"(\w+|\d+)*-",
    r"((a|b)+c?)+d",
    r"(?:(?P<subject>\d+)?0)+x",
    r"(a|a)*x",
    r"((a*)?b)*x",
]
IN_TIME = [
    r"([^/]+/)*(?P<subject>\d+)\.edf",
    r"([a-z]+_)*x",
    r"(a|b)+",
    r"(?i)(a|A)+b",
    r".*.*x",
    r"(\d{4})+",
    r"(\d{2,4}_)+",
    r"(?:ab|a)(?:b)?",
    r"((?:\d+-)?x)+",
    r"(?P<subject>\d+)(?:_(?P<run>\w))*",
    r"(\d{1,3}\.){3}\d{1,3}",
]


@pytest.mark.parametrize("pattern", FOR_EVER)
def test_what_can_run_away_is_known_by_its_form(pattern):
    assert runs_away(re.compile(pattern))


@pytest.mark.parametrize("pattern", IN_TIME)
def test_what_ends_in_time_is_left_alone(pattern):
    assert not runs_away(re.compile(pattern))


@pytest.mark.parametrize("field", ["pattern", "match", "ignore"])
def test_a_recipe_with_such_a_pattern_is_refused_with_its_line(corpus, field):
    text = corpus.recipe.read_text()
    edits = {
        "pattern": ("'s(?P<subject>\\d\\d)", "'(?P<subject>([a-z._0-9]+)+)"),
        "match": ("match: 'ECG'", "match: '(\\w+)+ECG'"),
        "ignore": ("channels:\n", "ignore: ['(\\w+)+X']\nchannels:\n"),
    }
    assert edits[field][0] in text
    corpus.recipe.write_text(text.replace(*edits[field]))
    with pytest.raises(RecipeError, match=r"tiny\.yaml, line \d+.*may take for ever"):
        load_recipe(corpus.recipe)


def test_no_recipe_that_is_shipped_has_one():
    assert list_recipes()  # which would raise


PIECES = st.recursive(
    st.sampled_from(["a", "b", "[ab]", ".", "a?", "b{1,2}"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        inner.map("(?:{})*".format),
        inner.map("(?:{})+".format),
    ),
    max_leaves=5,
)


@settings(max_examples=150)
@given(PIECES, st.text("ab", min_size=1, max_size=3))
def test_what_passes_is_done_with_in_time(piece, stretch):
    """Texts of 24 letters and one that nothing matches: at twice the time for each letter, this would take seconds."""
    pattern = re.compile(piece + "c")
    if not runs_away(pattern):
        began = time.process_time()
        pattern.fullmatch((stretch * 24)[:24] + "!")
        assert time.process_time() - began < 0.5

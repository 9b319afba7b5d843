r"""The pattern ``([a-z._0-9]+)+X`` on a file name of 45 letters: 20 seconds and more, and no word from `check`."""

import re
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.errors import RecipeError
from biocurate.ingest import make_plan
from biocurate.recipes import list_recipes, load_recipe
from biocurate.recipes.backtracking import runs_away, splits
from biocurate.recipes.fields import LONGEST, MOST_SPLITS, whole
from biocurate.store.store import create_store

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


DEGREES = {
    r".*x": 0,
    r".*.*x": 1,
    r"(a+)b*a+": 1,
    r".*.*.*x": 2,
    r"\d+\w+\d+-x": 2,
    r".*_.*_.*_.*\.edf": 3,
    r"[^_]*_[^_]*_[^_]*_.*\.edf": 0,
    r"([a-z]+_)*([a-z]+_)*x": 1,
    r"a*ba*ba*": 0,
    r"a*a*bc*c*x": 2,
    r"(?i)a*A*x": 1,
}
"""Patterns, and the power with which the ways to split a text over them grow: two in a row, one; and so on."""


@pytest.mark.parametrize(("pattern", "power"), DEGREES.items())
def test_the_ways_to_split_a_text_are_known_by_the_form_of_a_pattern(pattern, power):
    assert splits(re.compile(pattern)) == power


def test_a_recipe_whose_pattern_takes_minutes_is_refused_with_a_mend(corpus):
    text = corpus.recipe.read_text()
    corpus.recipe.write_text(text.replace("channels:\n", "ignore: ['.*_.*_.*_.*']\nchannels:\n"))
    with pytest.raises(RecipeError, match=r"tiny\.yaml, line \d+.*so many ways.*\[\^_\]\*"):
        load_recipe(corpus.recipe)


def test_what_is_let_through_is_done_with_in_seconds_on_the_longest_text():
    pattern = re.compile(r".*_.*_.*x")
    assert splits(pattern) <= MOST_SPLITS
    began = time.process_time()
    assert whole(pattern, "_" * (LONGEST // 4)) is None
    assert time.process_time() - began < 4  # 4^3 times that for all letters: the time grows as the third power
    assert whole(pattern, "_" * LONGEST + "_") is None


def test_a_file_whose_path_is_longer_is_told_and_not_held_against_a_pattern(corpus, tmp_path):
    store = create_store(str(tmp_path / "store"))
    with zipfile.ZipFile(corpus.root / "a.zip", "w") as archive:
        archive.writestr("a" * 1200, b"")
    plan = make_plan(load_recipe(corpus.recipe), corpus.root, store)
    [error] = plan.unlisted
    assert error.what == "its path has 1,206 letters, and more than 1,000 are not read."
    assert len(error.where) < 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["a*", "b*", "(?:ab)*", "[ab]+", "a", "b", "c?"]), min_size=1, max_size=6))
def test_ways_to_read_a_text_grow_no_faster_than_that(pieces):
    """Counted over all texts of a and b of 4, 8 and 16 letters that repeat a stretch of up to 2."""
    pattern = re.compile("".join(pieces))
    power = splits(pattern)
    stretches = ("a", "b", "ab", "ba")
    few, many = (max(_ways(pieces, (each * size)[:size]) for each in stretches) for size in (12, 24))
    assert many <= few * 2**power * 2.5 + 4


def _ways(pieces, text):
    """In how many ways the pieces, each of which may read some of it, read a text one after the other."""
    ways = {0: 1}
    for piece in pieces:
        after: dict[int, int] = {}
        for start, count in ways.items():
            for stop in range(start, len(text) + 1):
                if re.fullmatch(piece, text[start:stop]):
                    after[stop] = after.get(stop, 0) + count
        ways = after
    return ways.get(len(text), 0)

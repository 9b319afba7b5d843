"""``files.hash_names``: what is called by a hash, and what the hash is of."""

from __future__ import annotations

import hashlib

import pytest

from biocurate.errors import RecipeError
from biocurate.recipes.naming import hide, reveal

PATTERN = r"(?P<subject>[a-z-]+)_(?P<session>\d+)_(?P<run>\w+)\.hea"
FILES = {"pattern": PATTERN, "reader": "wfdb", "hash_names": True}
CSV = {"pattern": r"(?P<subject>\w+)\.csv", "reader": "csv", "hash_names": True}


def sha16(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_ids_are_the_first_16_digits_of_the_sha256_of_the_names(recipe, tree):
    root = tree({"ann-bell_20200102_rest.hea": ""})
    (unit,) = recipe(files=FILES, persons="cohort").units(root)
    assert unit.recording_id == f"tiny/{sha16('ann-bell_20200102_rest')}"
    assert (unit.subject, unit.person) == (sha16("ann-bell"), f"cohort/{sha16('ann-bell')}")
    assert (unit.session, unit.run) == (sha16("20200102"), sha16("rest"))
    # What tables are joined by, and files are found by, stays as it is.
    assert unit.name == "ann-bell_20200102_rest"
    assert unit.groups == {"subject": "ann-bell", "session": "20200102", "run": "rest"}
    assert unit.files[0][0].virtual == "ann-bell_20200102_rest.hea"


def test_without_it_nothing_is_hashed_and_no_hash_of_the_recipe_changes(recipe, tree):
    plain = recipe()
    off = recipe(files={"pattern": r"(?P<subject>\d\d)_(?P<run>[12])\.hea", "reader": "wfdb", "hash_names": False})
    assert (off.signal_hash, off.metadata_hash) == (plain.signal_hash, plain.metadata_hash)
    (unit,) = off.units(tree({"01_1.hea": ""}))
    assert (unit.recording_id, off.stored_name("01_1.hea")) == ("tiny/01_1", "01_1.hea")


def test_a_sentence_is_hidden_and_revealed(recipe, tree):
    made = recipe(files=FILES)
    (unit,) = made.units(tree({"ann-bell_20200102_rest.hea": ""}))
    sources = [unit.files[0][0]]
    said = "ann-bell_20200102_rest.hea names ann-bell_20200102_rest.dat, of ann-bell; line 20 of 30"
    hidden = made.stored_text(said, unit, sources)
    for secret in ("ann", "bell", "20200102", "rest"):
        assert secret not in hidden
    assert hidden.endswith("; line 20 of 30")
    assert reveal(hidden, unit.names(sources)) == said


def test_short_names_leave_the_figures_of_a_sentence_alone():
    assert hide("record 31 of 62", ["3", "62"]) == "record 31 of 62"
    assert reveal("no hash, deadbeefdeadbeef", ["x"]) == "no hash, deadbeefdeadbeef"


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({"rate_hz": 4, "header_rows": 0}, True),
        ({"layout": "e4"}, True),
        ({"rate_hz": 4, "header_rows": 0, "columns": ["EDA"]}, False),
        ({"layout": "e4", "columns": ["EDA"]}, False),
        ({"rate_hz": 4}, False),
    ],
)
def test_a_label_that_would_be_the_files_name_is_refused(recipe, options, refused):
    """A CSV column without a name is called after its file."""
    if not refused:
        assert recipe(files={**CSV, "options": options}).hashes_names
        return
    with pytest.raises(RecipeError, match=r"files\.hash_names: the columns have no names.*columns: \[EDA\]"):
        recipe(files={**CSV, "options": options})

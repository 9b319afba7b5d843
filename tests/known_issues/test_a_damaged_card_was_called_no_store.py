"""A card without `format` ended in a KeyError; a card cut off was called no store, with the advice to make one."""

from __future__ import annotations

import json

import pytest

from biocurate.errors import DamageError, StoreError, UsageError
from biocurate.recording import Recording
from biocurate.store.store import create_store, open_store
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def url(tmp_path):
    made = create_store(str(tmp_path / "s"))
    put(made, {"c/a": Recording((noise_stream("EEG", 64, [(0, 640)]),))})
    return made.url


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"store_id": "ab"}', "states no `format`"),
        ('{"format": true, "store_id": "ab"}', "states no `format`"),
        ('{"format": 1}', "states no `store_id`"),
        ('{"format": 1, "sto', "no JSON"),
        ("", "no JSON"),
        ("[1]", "states no `format`"),
        (None, "is missing"),
    ],
)
def test_a_damaged_card_says_what_it_must_hold_and_is_not_made_anew(tmp_path, url, text, says):
    card = tmp_path / "s" / "biocurate.json"
    sound = card.read_text()
    card.unlink() if text is None else card.write_text(text)
    for use in (open_store, create_store):
        with pytest.raises(
            DamageError, match=rf"biocurate.json: .*{says}.*Restore biocurate.json.*\"store_id\""
        ) as told:
            use(url)
        assert "init" not in str(told.value)
    assert card.exists() == (text is not None)
    card.write_text(sound)
    assert open_store(url).recordings.collect().height == 1


def test_a_newer_format_is_no_damage_whatever_else_its_card_holds(tmp_path, url):
    (tmp_path / "s" / "biocurate.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreError, match="Upgrade"):
        open_store(url)


def test_an_init_that_was_killed_before_its_card_goes_on(tmp_path):
    url = create_store(str(tmp_path / "s")).url
    (tmp_path / "s" / "biocurate.json").unlink()
    with pytest.raises(StoreError, match="biocurate init"):
        open_store(url)
    assert create_store(url).recordings.collect().is_empty()


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_not_the_working_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for use in (create_store, open_store):
        with pytest.raises(UsageError, match="no name"):
            use(name)
    assert not list(tmp_path.iterdir())

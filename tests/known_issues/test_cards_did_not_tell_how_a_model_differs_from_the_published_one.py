"""Issue 7, What 1: cards state the differences; they had one line, and no rate although another one is refused."""

from __future__ import annotations

import pytest

from zoo.runs.card import as_markdown, model_card


@pytest.mark.parametrize("name", ["panluna", "panluna-reference", "luna-base"])
def test_a_card_tells_rate_and_patch(name):
    patch = {"luna-base": "0.15625 s"}.get(name, "0.125 s")
    text = as_markdown(model_card(name))
    assert "256 Hz" in text
    assert patch in text


def test_the_cards_tell_what_is_ours_and_what_is_published():
    ours, theirs = (as_markdown(model_card(name)) for name in ("panluna", "panluna-reference"))
    for part in ("place", "norm", "Spectra", "Sensor types", "decoder"):
        assert any(part in line and "published:" in line for line in ours.splitlines())
    assert "published ones" in theirs
    assert "Repaired" in theirs

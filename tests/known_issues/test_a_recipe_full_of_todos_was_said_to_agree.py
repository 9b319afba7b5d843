"""`recipes check` said that recipe and corpus agree while places were still marked TODO and the licence unknown."""

from __future__ import annotations

from typer.testing import CliRunner

from biocurate.cli.recipes import app


def test_every_place_is_listed_and_nothing_is_said_to_agree(corpus):
    text = corpus.recipe.read_text().replace("licence: CC0-1.0", "licence: unknown")
    corpus.recipe.write_text(text + "# TODO: what does `task` stand for?\n")
    done = CliRunner().invoke(app, ["check", str(corpus.recipe), "--root", str(corpus.root)])
    assert done.exit_code == 1
    assert "agree" not in done.output
    assert "licence: it is still unknown" in done.output
    assert f"line {text.count(chr(10)) + 1}: what does `task` stand for?" in done.output

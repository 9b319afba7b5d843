"""A table without times was drafted with `channels: []` and a library's own words; the rate could not be stated."""

from __future__ import annotations

from typer.testing import CliRunner

from biocurate.cli.recipes import app
from biocurate.recipes import load_recipe


def test_with_its_rate_it_is_read_from_the_first_draft_on(tmp_path):
    root, path = tmp_path / "raw", tmp_path / "draft.yaml"
    root.mkdir()
    for name in ("S1.csv", "S2.csv"):
        (root / name).write_text("ECG\n" + "0.5\n0.75\n" * 20)
    done = CliRunner().invoke(app, ["new", "--from", str(root), "--rate", "250", "-o", str(path)])
    assert done.exit_code == 0, done.output
    made = load_recipe(path)
    [stream] = made.read(made.units(root)[0]).streams
    assert (stream.sensor_type, stream.rate_hz, stream.samples.shape) == ("ECG", 250, (1, 40))

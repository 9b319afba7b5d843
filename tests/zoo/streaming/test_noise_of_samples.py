"""Noise in the samples of a network that takes samples, behind its view."""

from __future__ import annotations

import pytest

from zoo.judging.judge import judge_again
from zoo.judging.noisy import judge_with_noise


def test_at_infinity_figures_are_those_of_the_run_and_noise_changes_them(viewed, trained):
    found = judge_with_noise(trained / "samples", viewed, ["white"], [float("inf"), -20.0])
    none, infinite, loud = found.rows
    plain = judge_again(trained / "samples").metrics["auroc"].value
    assert none.metrics["auroc"].value == infinite.metrics["auroc"].value == pytest.approx(plain)
    assert loud.metrics["auroc"].value != none.metrics["auroc"].value

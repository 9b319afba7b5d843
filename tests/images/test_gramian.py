"""`gramian-sum` and `gramian-difference` against the paper's equations and against pyts, on real windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from biocurate.images import represent, representation
from biocurate.images.representations.decimation import decimate

PYTS = {"gramian-sum": "summation", "gramian-difference": "difference"}


def by_angles(points, kind):
    """Wang & Oates 2015, equations 1 to 4, by the angles themselves."""
    angle = np.arccos(np.clip((2 * points - points.max() - points.min()) / np.ptp(points), -1, 1))
    if kind == "gramian-sum":
        return np.cos(angle[:, None] + angle[None])
    return np.sin(angle[:, None] - angle[None])


@pytest.mark.parametrize("kind", PYTS)
@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_real_windows_equal_equations_3_and_4_to_1e_6(real_windows, kind, sensor):
    x, rate = real_windows[sensor]
    windows = torch.from_numpy(x[:3])
    native = representation(kind).native(windows, rate).numpy()
    for mine, points in zip(native, decimate(windows, 128).numpy(), strict=True):
        np.testing.assert_allclose(mine, by_angles(points, kind), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", PYTS)
def test_pyts_to_1e_6(real_windows, kind):
    image = pytest.importorskip("pyts.image", reason="pyts is not installed")
    x, rate = real_windows["ECG"]
    windows = torch.from_numpy(x[:4])
    theirs = image.GramianAngularField(image_size=1.0, method=PYTS[kind]).transform(decimate(windows, 128).numpy())
    np.testing.assert_allclose(representation(kind).native(windows, rate).numpy(), theirs, rtol=0, atol=1e-6)


def test_the_largest_value_with_itself_is_white_and_with_the_least_is_black():
    """cos(0 + 0) = 1 and cos(0 + pi) = -1; the largest comes last, at the right and on top."""
    x = np.arange(64, dtype=np.float32)[None]
    image = represent(x, 64.0, "gramian-sum", size=None)[0]
    assert (image[0, -1], image[-1, -1], image[-1, 0]) == (255, 0, 255)
    # sin(angle of row i less that of column j): on top the angle is 0, in the middle column a quarter turn.
    difference = represent(x, 64.0, "gramian-difference", size=None)[0]
    assert difference[0, 32] < 5
    assert difference[-1, 32] == 255 - difference[0, 31]

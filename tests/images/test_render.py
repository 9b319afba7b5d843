"""Scaling, resizing and colouring, against numpy, torch and matplotlib."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch.nn.functional import interpolate

from biocurate.errors import UsageError
from biocurate.images import COLOUR_MAPS, colour, resize
from biocurate.images.drawing.render import largest, scale


def grey_noise(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize("grid", [(129, 19), (17, 14), (224, 224), (1, 2), (5, 5), (3, 40)])
def test_black_and_white_are_numpys_percentiles_1_and_99(grid):
    values = np.random.default_rng(1).standard_normal((7, *grid)).astype(np.float32)
    _, low, high = scale(torch.from_numpy(values))
    expected = np.percentile(values.reshape(7, -1).astype(np.float64), [1, 99], axis=1)
    np.testing.assert_allclose(np.stack([low, high]), expected, rtol=1e-5, atol=1e-6)


def test_grey_levels_are_the_clipped_share_of_the_range_rounded():
    values = np.random.default_rng(2).standard_normal((4, 30, 20)).astype(np.float32)
    pixels, low, high = (part.numpy() for part in scale(torch.from_numpy(values)))
    share = (values - low[:, None, None]).astype(np.float64) / (high - low)[:, None, None]
    levels = np.clip(share * 255, 0, 255)
    assert np.abs(pixels - levels).max() <= 0.5 + 1e-3
    assert pixels.min() == 0
    assert pixels.max() == 255


def test_an_image_of_one_value_has_no_range_and_is_black():
    pixels, low, high = scale(torch.full((1, 6, 6), -120.0))
    assert not pixels.any()
    assert low == high == -120


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("how_many", [1, 100, 10_000])
def test_an_image_that_is_not_finite_is_black_and_has_no_range(bad, how_many):
    values = torch.randn(2, 100, 100, generator=torch.Generator().manual_seed(0))
    values[1].view(-1)[:how_many] = bad
    pixels, low, high = scale(values)
    assert pixels[0].any()
    assert not pixels[1].any()
    assert low[1].isnan()
    assert high[1].isnan()


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=700),
        elements=st.floats(width=32, allow_infinity=False),
    ),
    st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_the_largest_values_are_those_of_a_sort(values, count):
    count = min(count, values.shape[1])
    found = largest(torch.from_numpy(values), count)
    expected = torch.from_numpy(values).sort(dim=1, descending=True).values[:, :count]
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("grid", [(129, 19), (17, 14), (500, 300), (224, 10), (1, 1), (1, 7), (2, 2)])
@pytest.mark.parametrize("size", [1, 32, 224, 512])
def test_resizing_is_torchs_bilinear_within_one_grey_level(grid, size):
    images = grey_noise(5, *grid)
    expected = interpolate(images[:, None].double(), size=(size, size), mode="bilinear", align_corners=False)[:, 0]
    resized = resize(images, size)
    assert resized.shape == (5, size, size)
    assert (resized.double() - expected).abs().max() <= 0.5 + 1e-3


def test_resizing_to_the_same_size_changes_nothing():
    images = grey_noise(3, 64, 64)
    assert torch.equal(resize(images, 64), images)


@pytest.mark.parametrize("batch", [1, 2, 7, 8, 9, 50])
def test_resizing_gives_the_same_bytes_in_any_batch(batch, threads):
    images = grey_noise(50, 129, 19)
    threads(1)
    whole = resize(images, 224)
    threads(3)
    assert torch.equal(torch.cat([resize(part, 224) for part in images.split(batch)]), whole)


def test_an_impossible_size_is_refused():
    with pytest.raises(UsageError, match="cannot be 0 pixels wide"):
        resize(grey_noise(1, 4, 4), 0)


def test_viridis_is_matplotlibs():
    matplotlib = pytest.importorskip("matplotlib")
    images = torch.arange(256, dtype=torch.uint8).view(1, 16, 16)
    expected = matplotlib.colormaps["viridis"](images[0].numpy(), bytes=True)[..., :3].transpose(2, 0, 1)
    np.testing.assert_array_equal(colour(images, "viridis")[0].numpy(), expected)


def test_grey_repeats_the_level():
    images = grey_noise(2, 5, 6)
    assert torch.equal(colour(images, "grey"), images[:, None].expand(-1, 3, -1, -1))


def test_every_colour_map_has_256_colours():
    assert {len(table) for table in COLOUR_MAPS.values()} == {768}


def test_an_unknown_colour_map_names_those_that_there_are():
    with pytest.raises(UsageError, match=r"no colour map 'jet'.*viridis, grey"):
        colour(grey_noise(1, 2, 2), "jet")

"""The same code on other devices: nothing in it needs a CPU, and on CUDA images are within one grey level."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from biocurate.images import draw, kinds, representation, resize


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("samples", [2560, 999])
def test_native_stays_on_the_device_of_its_windows(kind, samples):
    """torch's device `meta` has shapes and no numbers: whatever asks for numbers, as numpy does, fails there."""
    chosen = representation(kind)
    native = chosen.native(torch.empty(3, samples, device="meta"), 256.0)
    assert native.device.type == "meta"
    assert native.shape == (3, *chosen.grid(samples, 256.0))
    assert native.dtype is torch.float32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind != "spectrogram-phase"])
def test_images_made_on_cuda_are_within_one_grey_level(kind):
    """Not so the unwrapped phase, where a last bit may decide on a whole turn."""
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((20, 2560)).astype(np.float32))
    chosen = representation(kind)
    here, there = draw(x, 256.0, chosen), draw(x.cuda(), 256.0, chosen)
    assert torch.equal(here.status, there.status.cpu())
    shown = [resize(each.pixels, 224, chosen.resizing).cpu().int() for each in (here, there)]
    assert (shown[0] - shown[1]).abs().max() <= 1

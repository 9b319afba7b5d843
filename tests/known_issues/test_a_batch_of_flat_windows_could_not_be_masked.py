"""A step of a pre-training whose windows of a corpus were all flat ended in a torch error about a shape of nothing."""

from __future__ import annotations

import torch

from zoo.panluna.objective import hide


def test_no_windows_have_no_patch_to_hide():
    assert hide(torch.ones(0, 3, dtype=torch.bool), 16).shape == (0, 3, 16)
    assert hide(torch.ones(2, 0, dtype=torch.bool), 16).shape == (2, 0, 16)

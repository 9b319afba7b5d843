"""Acceptance 8 of the method's notes: tokens of the four published networks, by their strides and patches alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from zoo.biox_bridge.bridge import PrototypeBridge
from zoo.biox_bridge.passes import look
from zoo.models.staged import OfSeveral, StagedModule

MAP_OVER_TIME = ("window", "feature", "time")


class Front(nn.Module):
    """What makes tokens, and blocks that change nothing."""

    def __init__(self, *, first=None):
        super().__init__()
        self.layers = nn.ModuleList([nn.Identity()])
        self.first = torch.zeros(1, 1, first) if first else None

    def tokens(self, x):
        raise NotImplementedError

    def forward(self, x=None, images=None):
        x = self.tokens(x if images is None else images)
        if self.first is not None:
            x = torch.cat([self.first.expand(len(x), -1, -1), x], dim=1)
        return self.layers[0](x)


class Waves(Front):
    """HuBERT-ECG: five convolutions without padding, of one lead laid flat."""

    def __init__(self, width=512):
        super().__init__()
        sizes = zip((10, 3, 3, 2, 2), (4, 2, 2, 2, 2), strict=True)
        self.layers_in = nn.Sequential(
            *(nn.Conv1d(1 if at == 0 else 4, 4, *size) for at, size in enumerate(sizes)), nn.Conv1d(4, width, 1)
        )

    def tokens(self, x):
        return self.layers_in(x[:, None]).transpose(1, 2)


class Patches(Front):
    """LaBraM: 200 samples of one channel are a token, and one stands before them."""

    def tokens(self, x):
        return x.reshape(len(x), -1, 200)


class Scales(Front):
    """NormWear: patches of 9 x 5 of a wavelet image, and one token before them."""

    def __init__(self):
        super().__init__(first=768)
        self.cut = nn.Conv2d(3, 768, (9, 5), (9, 5))

    def tokens(self, x):
        return self.cut(x).flatten(2).transpose(1, 2)


class Residual(nn.Module):
    """PaPaGei-S: every second of 18 blocks halves the time, every fourth doubles the width; 32 at first."""

    def __init__(self):
        super().__init__()
        widths = [32 * 2 ** (at // 4) for at in range(18)]
        pairs = zip([32, *widths], widths, strict=False)
        self.basicblock_list = nn.ModuleList(
            nn.Conv1d(before, after, 3, 1 + at % 2, padding=1, groups=32) for at, (before, after) in enumerate(pairs)
        )

    def forward(self, x):
        for block in self.basicblock_list:
            x = block(x)
        return x


class Held:
    def __init__(self, **inputs):
        self.held = inputs

    def inputs(self, rows):
        return {name: x[torch.from_numpy(rows)] for name, x in self.held.items()}


def forms(chain, **inputs):
    return look(chain, Held(**inputs), np.arange(1)).forms


def chain(network):
    return StagedModule(network.eval(), list(network.layers), lambda x: x.mean(dim=1)[:, :2])


@pytest.mark.parametrize(("samples", "tokens"), [(3000, 46), (6000, 93)])
def test_hubert_ecg_has_46_tokens_of_30_s_and_93_of_60_s(samples, tokens):
    (form, _) = forms(chain(Waves()), x=torch.zeros(1, samples))
    assert (form.tokens, form.width) == (tokens, 512)


@pytest.mark.parametrize(("seconds", "tokens"), [(30, 181), (3, 19)])
def test_labram_has_a_token_a_second_of_six_channels_and_one_more(seconds, tokens):
    (form, _) = forms(chain(Patches(first=200)), x=torch.zeros(1, 6, 200 * seconds))
    assert (form.tokens, form.width) == (tokens, 200)


def test_normwear_has_560_tokens_of_each_of_three_sensors():
    (form, _) = forms(OfSeveral(chain(Scales())), images=torch.zeros(1, 3, 3, 388, 65))
    assert form.sizes == ((3, 560, 768),)
    assert (form.tokens, form.width) == (1680, 768)


def test_papagei_has_maps_that_are_halved_and_widened():
    network = Residual().eval()
    known = StagedModule(network, list(network.basicblock_list), lambda x: x.mean(dim=2)[:, :2], MAP_OVER_TIME)
    found = forms(known, x=torch.zeros(1, 32, 7500))
    into = [(32, 7500)] * 2 + [(32, 3750)] * 2 + [(32, 1875), (64, 1875)] + [(64, 938)] * 2 + [(64, 469), (128, 469)]
    into += [(128, 235)] * 2 + [(128, 118), (256, 118)] + [(256, 59)] * 2 + [(256, 30), (512, 30)]
    assert [form.sizes[0] for form in found[:18]] == into
    assert [form.pooled for form in found[1:]] == [32] * 4 + [64] * 4 + [128] * 4 + [256] * 4 + [512] * 2
    there = found[11]
    bridge = PrototypeBridge(512, there.width, there.tokens, prototypes=50, rank=32)
    assert sum(each.numel() for each in bridge.parameters()) == 398_784  # WESAD, PPG to ECG

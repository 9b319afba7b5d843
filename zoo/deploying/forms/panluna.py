"""PanLUNA's layers as plain matrix products, each with a weight of its own that a quantiser finds.

What is worked out anew for every batch in training is worked out once here: convolutions as matrices, the Fourier
transform as a matrix of cosines and sines, and the turning of pairs as the turning of halves.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention

from zoo.deploying.forms.form import Form
from zoo.deploying.forms.fourier import phase, waves_of
from zoo.panluna.attention import CrossAttention
from zoo.panluna.model import PanLuna
from zoo.panluna.temporal import TemporalBlock
from zoo.panluna.tokens import GROUPS, WIDE, FrequencyBranch, TimeBranch


class PanLunaForm(nn.Module):
    """`PanLuna` that scores classes.

    Parameters
    ----------
    network : PanLuna
        Whose layers have their form already.
    """

    def __init__(self, network: PanLuna) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, locations: Tensor, present: Tensor, sensor: Tensor | None = None) -> Tensor:
        """Score classes; shapes as of `PanLuna`, which needs no ``present``."""
        network, (n, channels, samples) = self.network, x.shape
        patch = network.architecture.patch
        patches = samples // patch
        parted = x.reshape(n, channels * patches, patch)
        tokens = (network.time(parted) + network.frequency(parted)).view(n, channels, patches, -1)
        tokens = (tokens + network.place(locations, sensor)[:, :, None]).transpose(1, 2)
        gated = network.gate is not None and sensor is not None
        lean = network.gate(tokens, sensor, present).flatten(0, 1) if gated else None  # type: ignore[misc]
        tokens = tokens.flatten(0, 1)
        # Not `repeat_interleave`, which is exported for one size of the batch.
        seen = present[:, None].expand(-1, patches, -1).flatten(0, 1)
        latents = network.unifier(tokens, seen, lean)[0].view(n, patches, -1)
        for block in network.blocks:
            latents = block(latents)
        assert network.head is not None
        scores: Tensor = network.head(network.norm(latents))
        return scores


class TimeForm(nn.Module):
    """`TimeBranch` with each convolution as the matrix of its impulse responses.

    Parameters
    ----------
    branch : TimeBranch
    """

    def __init__(self, branch: TimeBranch) -> None:
        super().__init__()
        self.by_sample = branch.by_sample
        convs = [conv for conv in branch.convs if isinstance(conv, nn.Conv1d)]
        self.layers = nn.ModuleList(_as_linear(conv, 1 if at else branch.patch) for at, conv in enumerate(convs))
        norms = [norm for norm in branch.norms if isinstance(norm, nn.GroupNorm)]
        self.eps = norms[0].eps
        each = [(_by_place(norm.weight), _by_place(norm.bias)) for norm in norms]
        self.weights = nn.ParameterList(weight for weight, _ in each)
        self.biases = nn.ParameterList(bias for _, bias in each)

    def forward(self, patches: Tensor) -> Tensor:
        """Shape (batch, tokens, patch) to (batch, tokens, width)."""
        x = patches
        for layer, weight, bias in zip(self.layers, self.weights, self.biases, strict=True):
            x = gelu(self._normed(layer(x)) * weight + bias)
        return x.view(*x.shape[:2], -1, WIDE).transpose(2, 3).flatten(2)

    def _normed(self, x: Tensor) -> Tensor:
        grouped = x.view(*x.shape[:2], GROUPS, -1)
        if not self.by_sample:
            return layer_norm(grouped, grouped.shape[3:], eps=self.eps).flatten(2)
        centred = grouped - grouped.mean(dim=(1, 3), keepdim=True)
        variance = (centred * centred).mean(dim=(1, 3), keepdim=True)
        return (centred * torch.rsqrt(variance + self.eps)).flatten(2)


class FrequencyForm(nn.Module):
    """`FrequencyBranch` with the Fourier transform as a product with cosines and sines.

    Parameters
    ----------
    branch : FrequencyBranch
    patch : int
        Samples of a patch.
    """

    wave_cos: Tensor
    wave_sin: Tensor

    def __init__(self, branch: FrequencyBranch, patch: int) -> None:
        super().__init__()
        self.mlp, self.plain = branch.mlp, branch.spectrum == "plain"
        cosines, sines = waves_of(patch, patch // 2 + 1)
        self.register_buffer("wave_cos", cosines.float())
        self.register_buffer("wave_sin", -sines.float())

    def forward(self, patches: Tensor) -> Tensor:
        """Shape (batch, tokens, patch) to (batch, tokens, width)."""
        real, imaginary = patches @ self.wave_cos, patches @ self.wave_sin
        size = torch.sqrt(real * real + imaginary * imaginary)
        if self.plain:
            return self.mlp(torch.cat((size, phase(real, imaginary)), dim=2))  # type: ignore[no-any-return]
        whole = size.clamp(min=torch.finfo(size.dtype).eps)
        return self.mlp(torch.cat((size.log1p(), real / whole, imaginary / whole), dim=2))  # type: ignore[no-any-return]


class AttentionForm(nn.Module):
    """`CrossAttention` with a layer for each projection, and with one for all where tokens look at each other.

    Parameters
    ----------
    attention : CrossAttention
    """

    def __init__(self, attention: CrossAttention) -> None:
        super().__init__()
        self.heads, self.into, self.out = attention.heads, attention.into, attention.out
        weights, biases = attention.into.weight.chunk(3), attention.into.bias.chunk(3)
        self.parts = nn.ModuleList(_linear(weight, bias) for weight, bias in zip(weights, biases, strict=True))

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, seen: Tensor | None = None, lean: Tensor | None = None
    ) -> Tensor:
        """Attend; see `CrossAttention`."""
        if queries is keys and keys is values:
            parts = list(self.into(queries).chunk(3, dim=2))
        else:
            parts = [layer(x) for layer, x in zip(self.parts, (queries, keys, values), strict=True)]
        asked, known, told = (part.view(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in parts)
        # Not `len`, which would fix the size of the batch.
        asked = asked.expand(known.shape[0], -1, -1, -1)
        mask = None if seen is None else seen[:, None, None, :]
        if lean is not None:
            added = lean[:, None, None, :]
            mask = added if mask is None else added.masked_fill(~mask, -torch.inf)
        found = scaled_dot_product_attention(asked, known, told, attn_mask=mask)
        return self.out(found.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class TemporalForm(nn.Module):
    """`TemporalBlock` in which the numbers that are turned together lie half a head apart.

    Neighbours are turned together in training. Queries and keys are permuted alike here, by the rows of their weights,
    so that their products stay and no runtime has to take every second number.

    Parameters
    ----------
    block : TemporalBlock
    """

    def __init__(self, block: TemporalBlock) -> None:
        super().__init__()
        self.heads, self.freqs = block.heads, block.freqs
        self.norm, self.proj, self.feed_norm = block.norm, block.proj, block.feed_norm
        self.expand, self.hidden_norm, self.contract = block.expand, block.hidden_norm, block.contract
        order = _halves_first(block.heads, len(block.freqs))
        rows = torch.cat([order, order + len(order), torch.arange(2 * len(order), 3 * len(order))])
        self.qkv = _linear(block.qkv.weight[rows], block.qkv.bias[rows])

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, patches, width), returned in the same shape."""
        x = x + self._attended(self.norm(x))
        out: Tensor = x + self.contract(self.hidden_norm(gelu(self.expand(self.feed_norm(x)))))
        return out

    def _attended(self, x: Tensor) -> Tensor:
        angle = torch.arange(x.shape[1], dtype=self.freqs.dtype, device=x.device)[:, None] * self.freqs
        cosine, sine = angle.cos(), angle.sin()
        parts = (part.view(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=2))
        queries, keys, values = parts
        queries, keys = (_turned(part, cosine, sine) for part in (queries, keys))
        found = scaled_dot_product_attention(queries, keys, values)
        return self.proj(found.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def _turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=3)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=3)


def _halves_first(heads: int, pairs: int) -> Tensor:
    """Rows of a projection in the order head, first or second of a pair, pair."""
    return torch.arange(heads * pairs * 2).view(heads, pairs, 2).transpose(1, 2).flatten()


def _as_linear(conv: nn.Conv1d, samples: int) -> nn.Linear:
    """A convolution over a patch as a layer, in the order channel, place."""
    size = samples if conv.in_channels == 1 else WIDE
    impulses = torch.eye(conv.in_channels * size, dtype=conv.weight.dtype).view(-1, conv.in_channels, size)
    answers = nn.functional.conv1d(impulses, conv.weight, None, conv.stride, conv.padding)
    assert conv.bias is not None
    return _linear(answers.flatten(1).T, _by_place(conv.bias))


def _by_place(channels: Tensor) -> Tensor:
    return channels.detach().repeat_interleave(WIDE)


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data, layer.bias.data = weight.detach().clone(), bias.detach().clone()
    return layer


def _frequency(branch: nn.Module) -> nn.Module:
    assert isinstance(branch, FrequencyBranch)
    numbers = branch.mlp.expand.in_features // (2 if branch.spectrum == "plain" else 3)
    return FrequencyForm(branch, 2 * (numbers - 1))


FORMS: Mapping[type[nn.Module], Form] = MappingProxyType(
    {
        PanLuna: PanLunaForm,
        TimeBranch: TimeForm,
        FrequencyBranch: _frequency,
        CrossAttention: AttentionForm,
        TemporalBlock: TemporalForm,
    }
)
"""By the class of the layer."""

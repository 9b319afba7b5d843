"""From samples to tokens: what a patch looks like in time, and in frequency."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, gelu, group_norm, layer_norm

from zoo.panluna.architecture import Architecture
from zoo.panluna.dropping import some

GROUPS = 4
"""Groups of channels that are normed together."""

WIDE = 4
"""Places that the first convolution leaves of a patch."""


class Mlp(nn.Module):
    """Linear, GELU, a layer norm where wanted, linear."""

    def __init__(self, inputs: int, hidden: int, outputs: int, *, norm: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.expand, self.contract = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)
        self.norm = nn.LayerNorm(hidden) if norm else nn.Identity()
        self.dropped = dropout

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., inputs) to (..., outputs)."""
        return self._some(self.contract(self.norm(self._some(gelu(self.expand(x))))))

    def _some(self, x: Tensor) -> Tensor:
        return some(x, self.dropped, self.training)


class TimeBranch(nn.Module):
    """Three convolutions over each patch, each followed by a group norm and a GELU.

    A convolution over as few samples as a patch has is a matrix, that of its impulse responses: it is worked out anew
    for each batch and multiplied with all patches at once, several times as fast as to slide it over each of them.

    Parameters
    ----------
    architecture : Architecture
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.patch, self.by_sample = architecture.patch, architecture.norm == "sample"
        channels, quarter = architecture.width // WIDE, architecture.patch // WIDE
        self.convs = nn.ModuleList(
            [
                nn.Conv1d(1, channels, 2 * quarter - 1, stride=quarter, padding=quarter - 1),
                nn.Conv1d(channels, channels, 3, padding=1),
                nn.Conv1d(channels, channels, 3, padding=1),
            ]
        )
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, channels) for _ in self.convs)

    def forward(self, patches: Tensor, wanted: Tensor | None = None) -> Tensor:
        """Code patches.

        Parameters
        ----------
        patches : Tensor, shape (batch, tokens, patch)
        wanted : Tensor of int, shape (n,), optional
            Tokens that are asked for, counted through the batch; the others count in norms over a sample alone.

        Returns
        -------
        Tensor, shape (batch, tokens, width), or (n, width)
        """
        x = patches if wanted is None or self.by_sample else patches.flatten(0, 1).index_select(0, wanted)[None]
        last = len(self.convs) - 1
        for at, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            matrix, bias = _as_matrix(conv, self.patch if at == 0 else None)
            x = torch.addmm(bias, x.flatten(0, 1), matrix).view(*x.shape[:2], matrix.shape[1])
            x = self._normed(x, norm)
            if at == last and wanted is not None:
                x = x.flatten(0, 1).index_select(0, wanted) if self.by_sample else x[0]
            x = gelu(x)
        # As published: places first, then channels. So small a step between numbers is quicker as a product.
        return x @ _places_first(x)

    def _normed(self, x: Tensor, norm: nn.Module) -> Tensor:
        """Norm groups of channels, over one token or over all tokens of a sample."""
        assert isinstance(norm, nn.GroupNorm)
        weight, bias = _by_place(norm.weight), _by_place(norm.bias)
        if self.by_sample:
            # Tokens as the places of an image whose channels lie last: torch norms them as they lie.
            image = x[:, :, None].permute(0, 3, 1, 2)
            return group_norm(image, GROUPS, weight, bias, norm.eps).permute(0, 2, 3, 1).squeeze(2)
        grouped = x.view(*x.shape[:2], GROUPS, x.shape[2] // GROUPS)
        return torch.addcmul(bias, layer_norm(grouped, grouped.shape[3:], eps=norm.eps).flatten(2), weight)


class FrequencyBranch(nn.Module):
    """What the Fourier transform of each patch holds, through two layers.

    Parameters
    ----------
    architecture : Architecture
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.spectrum = architecture.spectrum
        inputs = (2 if self.spectrum == "plain" else 3) * (architecture.patch // 2 + 1)
        self.mlp = Mlp(inputs, 4 * inputs, architecture.width)

    def forward(self, patches: Tensor) -> Tensor:
        """Shape (batch, tokens, patch) to (batch, tokens, width)."""
        out: Tensor = self.mlp(torch.cat(self._features(patches), dim=2))
        return out

    def _features(self, patches: Tensor) -> tuple[Tensor, ...]:
        with torch.autocast(patches.device.type, enabled=False):
            found = torch.fft.rfft(patches.to(self.mlp.expand.weight.dtype), dim=2)
            size = found.abs()
            if self.spectrum == "plain":
                return size, found.angle()
            # A phase is a direction: its sine and cosine have no step from pi to -pi, and none is where nothing is.
            whole = size.clamp(min=torch.finfo(size.dtype).eps)
            return size.log1p(), found.real / whole, found.imag / whole


def _as_matrix(conv: nn.Module, samples: int | None) -> tuple[Tensor, Tensor]:
    """Give the matrix and the bias of a convolution over a patch, in the order group, place, channel of the group.

    Parameters
    ----------
    conv : Conv1d
    samples : int, optional
        Samples of a patch, for the first convolution; the others take what that one leaves.
    """
    assert isinstance(conv, nn.Conv1d)
    assert conv.bias is not None
    size = samples or WIDE * conv.in_channels
    impulses = torch.eye(size, dtype=conv.weight.dtype, device=conv.weight.device)
    if samples is None:
        impulses = impulses.view(size, GROUPS, WIDE, -1).transpose(2, 3).flatten(1, 2)
    else:
        impulses = impulses[:, None]
    answers = conv1d(impulses, conv.weight, None, conv.stride, conv.padding)
    ordered = answers.view(size, GROUPS, -1, WIDE).transpose(2, 3).reshape(size, -1)
    return ordered, _by_place(conv.bias)


def _places_first(x: Tensor) -> Tensor:
    """Give the matrix that brings numbers from the order group, place, channel of the group to place, channel."""
    size = x.shape[-1]
    order = torch.arange(size, device=x.device).view(GROUPS, WIDE, -1).transpose(0, 1).flatten()
    return torch.eye(size, dtype=x.dtype, device=x.device)[order].T


def _by_place(channels: Tensor) -> Tensor:
    """Repeat a number a channel for each place, in the order group, place, channel of the group."""
    return channels.view(GROUPS, 1, -1).expand(GROUPS, WIDE, -1).flatten()

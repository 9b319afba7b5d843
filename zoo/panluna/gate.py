"""How far each patch leans on each of its sensor types: the adaptive gate that PanLUNA's paper names as future work."""

from __future__ import annotations

from torch import Tensor, nn


class SensorGate(nn.Module):
    """One score for each sensor type of a patch, from the mean of its tokens.

    It is added to what the queries ask of each channel of the type, before their softmax: a type that scores higher is
    heard more by all queries, by e times as much for a difference of 1. It begins with zeros, so that a network with
    a new gate gives what it gave without. Ours: the paper (arXiv 2604.04297) describes none.

    Parameters
    ----------
    width : int
        Numbers of a token.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, 1)
        self.begin()

    def begin(self) -> None:
        """Lean on all alike."""
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    def forward(self, tokens: Tensor, sensor: Tensor, present: Tensor | None = None) -> Tensor:
        """Score.

        Parameters
        ----------
        tokens : Tensor, shape (batch, patches, channels, width)
        sensor : Tensor of int, shape (batch, channels)
        present : Tensor of bool, shape (batch, channels), optional
            False for channels that only fill up the batch.

        Returns
        -------
        Tensor, shape (batch, patches, channels)
        """
        same = (sensor[:, :, None] == sensor[:, None, :]).to(tokens.dtype)
        if present is not None:
            same = same * present[:, None, :].to(tokens.dtype)
        # Of each channel the mean over the channels of its own type; one that fills up may have none.
        share = same / same.sum(dim=2, keepdim=True).clamp_min(1)
        return self.score(self.norm(share[:, None] @ tokens))[..., 0]  # type: ignore[no-any-return]

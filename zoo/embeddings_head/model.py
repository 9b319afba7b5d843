"""A head on several vectors of a window: fused within a sensor type, then across sensor types."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Presence = Tensor
"""Shape (batch, vectors), bool."""


class EmbeddingsHead(nn.Module):
    """Vectors to class scores.

    Source: ELU and one linear layer are the head that Tiny-BioMoE's README shows; how its authors fuse is not known.

    Parameters
    ----------
    num_classes : int
    slots : sequence of (sensor type, representation)
        What each vector is of.
    width : int
        Numbers of a vector.
    within, across : str
        ``mean``, ``concat`` or ``gate``: of the representations of a sensor type, and of sensor types.
    """

    def __init__(
        self,
        num_classes: int,
        slots: Sequence[tuple[str, str]],
        width: int,
        within: str = "concat",
        across: str = "concat",
    ) -> None:
        super().__init__()
        sensors = sorted({sensor for sensor, _ in slots})
        self.members = [[at for at, (of, _) in enumerate(slots) if of == sensor] for sensor in sensors]
        fuses = [Fuse(within, width, len(mine)) for mine in self.members]
        self.within = nn.ModuleList(fuses)
        inner = [fuse.width for fuse in fuses]
        # Sensor types with other numbers of representations have vectors of other lengths, which no mean can take.
        same = across == "concat" or len(set(inner)) == 1
        self.fit = nn.ModuleList(nn.Identity() if same else nn.Linear(each, width) for each in inner)
        each = [one if same else width for one in inner]
        self.across = Fuse(across, each[0], len(sensors), sum(each) if across == "concat" else each[0])
        self.head = nn.Sequential(nn.ELU(), nn.Linear(self.across.width, num_classes))

    def forward(self, vectors: Tensor) -> Tensor:
        """Score the classes.

        Parameters
        ----------
        vectors : Tensor, shape (batch, slots, width)
            NaN where a window lacks one. A window that lacks all is scored by the bias alone.

        Returns
        -------
        Tensor, shape (batch, num_classes): logits
        """
        present = ~vectors.isnan().any(dim=2)
        known = torch.where(present[..., None], vectors, 0.0)
        of_sensors, has = [], []
        for fuse, fit, mine in zip(self.within, self.fit, self.members, strict=True):
            of_sensors.append(fit(fuse([known[:, at] for at in mine], present[:, mine])))
            has.append(present[:, mine].any(dim=1))
        found: Tensor = self.head(self.across(of_sensors, torch.stack(has, dim=1)))
        return found


class Fuse(nn.Module):
    """Several vectors to one.

    A mean is taken over what is there. A gate weighs what is there by a softmax of a score that it learns of each
    vector. What is missing is 0 in a concatenation, which is the mean of a normed vector.

    Parameters
    ----------
    how : str
    width : int
        Numbers of a vector.
    count : int
        Vectors.
    joined : int, optional
        Numbers of a concatenation, where vectors differ in length.
    """

    def __init__(self, how: str, width: int, count: int, joined: int | None = None) -> None:
        super().__init__()
        self.how = how
        self.width = (joined or width * count) if how == "concat" else width
        self.score = nn.Linear(width, 1) if how == "gate" and count > 1 else None

    def forward(self, vectors: Sequence[Tensor], present: Presence) -> Tensor:
        """Fuse vectors of shape (batch, width) each; shape (batch, width of the fusion)."""
        here = present.to(vectors[0].dtype)
        if self.how == "concat":
            return torch.cat([each * here[:, at : at + 1] for at, each in enumerate(vectors)], dim=1)
        stacked = torch.stack(list(vectors), dim=1)
        if self.score is None:
            weight = here / here.sum(dim=1, keepdim=True).clamp(min=1)
        else:
            # Where nothing is there all weights are 0, not NaN.
            score = self.score(stacked)[..., 0].masked_fill(~present, -1e9)
            weight = score.softmax(dim=1) * here
        return (stacked * weight[..., None]).sum(dim=1)

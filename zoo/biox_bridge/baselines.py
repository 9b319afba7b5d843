"""What a bridge is seen beside: the old model's answers learnt by the new one, and labels of the new sensor's own."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from zoo.biox_bridge.encoders import Encoder
from zoo.biox_bridge.fitting import Budget, Fit, fit
from zoo.biox_bridge.losses import distilled, infonce
from zoo.biox_bridge.low_rank import low_ranked
from zoo.biox_bridge.passes import Seen, batches
from zoo.biox_bridge.source import Rows, Source

Codes = NDArray[np.intp]
CONTRASTED = 128
"""Numbers that features are projected to where they are contrasted."""
CONTRAST = 0.1
"""Temperature of their cosines."""


def distilled_head(
    new: tuple[Seen, Seen], answers: tuple[Tensor, Tensor], temperature: float, budget: Budget, seed: int
) -> tuple[nn.Linear, Fit]:
    """A linear head on the new model's last features learns the old model's answers; the new model is frozen.

    Parameters
    ----------
    new : (Seen, Seen)
        Of pairs and of validation windows.
    answers : (Tensor, Tensor), shape (windows, classes)
        The old model's logits of the same windows.
    """
    torch.manual_seed(seed)
    features = [each.pooled[-1] for each in new]
    head = nn.Linear(features[0].shape[1], answers[0].shape[1])

    def loss(part: int, at: Tensor) -> Tensor:
        return distilled(head(features[part][at]), answers[part][at], temperature)

    sizes = [len(each) for each in features]
    return head, fit(head, lambda at: loss(0, at), sizes[0], lambda at: loss(1, at), sizes[1], budget, seed)


def distilled_whole(
    new: Encoder,
    source: Source,
    rows: tuple[Rows, Rows],
    answers: tuple[Tensor, Tensor],
    temperature: float,
    budget: Budget,
    seed: int,
) -> tuple[Encoder, Fit]:
    """All of the new model, with a head of its own, learns the old model's answers.

    Source: Hinton et al., 2015, arXiv 1503.02531; the paper's own settings of this baseline are not published.
    """
    student = _trainable(new, seed)
    return student, _taught(student, student.network, source, rows, answers, temperature, budget, seed)


def distilled_low_rank(
    new: Encoder,
    source: Source,
    rows: tuple[Rows, Rows],
    answers: tuple[Tensor, Tensor],
    temperature: float,
    parameters: int,
    budget: Budget,
    seed: int,
) -> tuple[Encoder, Fit]:
    """A head of its own and low-rank changes of the new model, as many numbers as the bridge has, learn the answers.

    What is frozen stays in evaluation, norms' statistics among it.
    """
    with torch.no_grad():
        last = new.chain.run_to(source.inputs(rows[0][:1]), new.chain.depth)
    student, changing = low_ranked(new, last, parameters, seed)
    return student, _taught(student, changing, source, rows, answers, temperature, budget, seed)


def _taught(
    student: Encoder,
    changing: nn.Module,
    source: Source,
    rows: tuple[Rows, Rows],
    answers: tuple[Tensor, Tensor],
    temperature: float,
    budget: Budget,
    seed: int,
) -> Fit:
    """Train what may change of a student until it gives the old model's answers."""
    chain = student.chain

    def loss(part: int, at: Tensor) -> Tensor:
        logits = chain.head(chain.run_to(source.inputs(rows[part][at.numpy()]), chain.depth))
        return distilled(logits, answers[part][at], temperature)

    sizes = [len(each) for each in rows]
    return fit(changing, lambda at: loss(0, at), sizes[0], lambda at: loss(1, at), sizes[1], budget, seed)


def distilled_contrast(
    new: Encoder,
    source: Source,
    rows: tuple[Rows, Rows],
    old: tuple[Seen, Seen],
    temperature: float,
    budget: Budget,
    seed: int,
) -> tuple[Encoder, Fit]:
    """As `distilled_whole`, and both models' last features of a window are to be told among those of a batch.

    Features pass a linear projection each, which is trained too and not needed afterwards.

    Parameters
    ----------
    old : (Seen, Seen)
        What the old model makes of the windows of `rows`.

    Source: BioX-Bridge, section 4.1, names the method; its sizes are not published and ours here.
    """
    student = _trainable(new, seed)
    chain = student.chain
    theirs = [each.pooled[-1] for each in old]
    with torch.no_grad():
        width = chain.pooled(chain.depth, chain.run_to(source.inputs(rows[0][:1]), chain.depth)).shape[1]
    into = nn.ModuleList([nn.Linear(width, CONTRASTED), nn.Linear(theirs[0].shape[1], CONTRASTED)])

    def loss(part: int, at: Tensor) -> Tensor:
        last = chain.run_to(source.inputs(rows[part][at.numpy()]), chain.depth)
        mine, other = into[0](chain.pooled(chain.depth, last))[:, None], into[1](theirs[part][at])[:, None]
        apart = (infonce(mine, other, CONTRAST) + infonce(other, mine, CONTRAST)) / 2
        return distilled(chain.head(last), old[part].logits[at], temperature) + apart

    sizes = [len(each) for each in rows]
    module = nn.ModuleList([student.network, into])
    return student, fit(module, lambda at: loss(0, at), sizes[0], lambda at: loss(1, at), sizes[1], budget, seed)


def supervised(
    new: Encoder, source: Source, rows: tuple[Rows, Rows], codes: Codes, n_classes: int, budget: Budget, seed: int
) -> tuple[Encoder, Fit]:
    """All of the new model learns true labels: of the persons whose labels the old model learnt.

    Parameters
    ----------
    rows : (Rows, Rows)
        To train on and to stop on.
    codes : array of int
        Classes of the rows of the manifest.
    """
    student = _trainable(new, seed)
    chain = student.chain
    count = np.bincount(codes[rows[0]], minlength=n_classes)
    weight = torch.tensor(len(rows[0]) / (n_classes * np.maximum(count, 1)), dtype=torch.float32)

    def loss(part: int, at: Tensor) -> Tensor:
        some = rows[part][at.numpy()]
        logits = chain.head(chain.run_to(source.inputs(some), chain.depth))
        return cross_entropy(logits, torch.from_numpy(codes[some]), weight)

    sizes = [len(each) for each in rows]
    return student, fit(
        student.network, lambda at: loss(0, at), sizes[0], lambda at: loss(1, at), sizes[1], budget, seed
    )


@torch.inference_mode()
def answers_of(encoder: Encoder, source: Source, rows: Rows) -> Tensor:
    """Probabilities of windows, shape (windows, classes)."""
    chain = encoder.chain
    found = [chain.head(chain.run_to(source.inputs(some), chain.depth)) for some in batches(rows)]
    return torch.cat(found).softmax(dim=1)


def _trainable(encoder: Encoder, seed: int) -> Encoder:
    """A copy that is trained."""
    torch.manual_seed(seed)
    network = deepcopy(encoder.network)
    for parameter in network.parameters():
        parameter.requires_grad = True
    return Encoder(encoder.model, encoder.options, network, encoder.parent)

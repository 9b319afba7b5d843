"""The network of `image-cnn`."""

from __future__ import annotations

from torch import Tensor, nn


class SmallCnn(nn.Module):
    """A strided stem, three residual stages, and the mean over the image.

    The stem takes 4 x 4 pixels a step: most stored images hold far fewer numbers than they have pixels. Group
    normalisation has no running statistics, so that small batches and evaluation see the same network.

    Parameters
    ----------
    num_classes : int
    width : int
        Channels of the first stage; 2 and 4 times as many in the others.
    dropout : float
        Before the last layer.
    """

    def __init__(self, num_classes: int, width: int, dropout: float) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, width, 4, stride=4, bias=False), _norm(width), nn.ReLU())
        self.stages = nn.Sequential(_Stage(width, width), _Stage(width, 2 * width), _Stage(2 * width, 4 * width))
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(4 * width, num_classes))

    def forward(self, images: Tensor) -> Tensor:
        """Class scores.

        Parameters
        ----------
        images : Tensor, shape (batch, 1, height, width), uint8

        Returns
        -------
        Tensor, shape (batch, num_classes), logits
        """
        x = images.float() / 127.5 - 1.0
        scores: Tensor = self.head(self.stages(self.stem(x)).mean(dim=(2, 3)))
        return scores


class _Stage(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(inputs, outputs, 1, stride=2, bias=False)
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
            _norm(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            _norm(outputs),
        )
        self.last = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.down(x) + self.body(x))
        return out


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(4, channels)

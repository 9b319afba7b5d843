"""Operations whose bits depend on the row that they are made on, and on no other row, batch or number of threads.

On a CPU numpy does them, whose loops treat each row alike; torch's vectors end in a scalar tail, and its sums and
transforms part the work by threads. On other devices torch does them, where bytes are promised within one grey level.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad


def rfft(x: Tensor, length: int | None = None) -> Tensor:
    """Fourier transform of real rows: (..., n) float64 to (..., length // 2 + 1) complex128, zeros appended.

    torch's MKL takes another path for 32 and 64 samples when there is one row or more than one thread, whose last bits
    differ; it would be faster by a sixth.
    """
    if length is not None:
        x = pad(x, (0, length - x.shape[-1]))  # numpy's own padding makes its transforms slower by half and more
    if x.device.type == "cpu":
        return torch.from_numpy(np.fft.rfft(x.numpy()))
    transformed: Tensor = torch.fft.rfft(x)
    return transformed


def ifft(x: Tensor) -> Tensor:
    """Inverse Fourier transform of complex rows, in their own precision."""
    if x.device.type == "cpu":
        return torch.from_numpy(np.fft.ifft(x.numpy()))
    transformed: Tensor = torch.fft.ifft(x)
    return transformed


def angle(x: Tensor) -> Tensor:
    """Angle of complex numbers, float64, in radians from -pi to pi."""
    if x.device.type == "cpu":
        return torch.from_numpy(np.angle(np.ascontiguousarray(x.numpy())))
    return x.angle()


def total(x: Tensor) -> Tensor:
    """Sum along the last dimension."""
    if x.device.type == "cpu":
        return torch.from_numpy(np.ascontiguousarray(x.numpy()).sum(axis=-1))
    return x.sum(dim=-1)

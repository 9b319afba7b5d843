"""How much alike two representations of the same windows are, whatever their axes are turned to."""

from __future__ import annotations

import torch
from torch import Tensor

from biocurate.errors import ModelError


def linear_cka(x: Tensor, y: Tensor) -> float:
    """Centred kernel alignment with linear kernels, from the products of features.

    The form over features costs windows times the square of the width; the one over windows, as published, needs a
    matrix of windows by windows and gives the same.

    Parameters
    ----------
    x, y : Tensor, shape (windows, width of each)

    Returns
    -------
    float
        From 0 to 1; NaN where one of them is constant.

    Raises
    ------
    ModelError
        Other windows in one than in the other.

    Source: Kornblith et al., 2019, arXiv 1905.00414, equation 4.
    """
    if len(x) != len(y):
        raise ModelError(f"{len(x)} and {len(y)} windows cannot be compared.", where="linear_cka")
    x, y = (each.double() - each.double().mean(dim=0) for each in (x, y))
    own = torch.linalg.matrix_norm(x.T @ x) * torch.linalg.matrix_norm(y.T @ y)
    return float(torch.linalg.matrix_norm(x.T @ y) ** 2 / own) if own > 0 else float("nan")

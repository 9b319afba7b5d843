"""`features-ridge`: the features of `features-logreg`, and a straight line to a number. The yardstick of regression."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from biocurate.errors import ModelError
from zoo.features import EXTRACTORS
from zoo.features.inner import INNER, dealt
from zoo.features.standard import Standard
from zoo.models.registry import ModelConfig, Options, SensorSpec, register_model

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

PENALTIES = (100.0, 10.0, 1.0, 0.1, 0.01)
"""Penalties a training window to choose from, for standardised features and numbers; the first of equals is taken."""


class RidgeOptions(Options):
    """Options of `features-ridge`."""

    penalty: PositiveFloat | Literal["auto"] = "auto"
    """Weight of the squared norm a training window; ``auto`` chooses it on training persons held out from training."""
    normalisation: Literal["train", "subject"] = "train"
    """Scope of the scaling: the training windows, or first each person's own (transductive)."""


@register_model(
    ModelConfig(
        name="features-ridge",
        family="baseline",
        task="regression",
        spec=SensorSpec(input="features", sensors=tuple(EXTRACTORS), window_s=(2.0, 3600.0)),
        options=RidgeOptions,
        description="Band powers, heart rate and variability, skin conductance, ...; ridge regression of a number",
        licence="Apache-2.0",
    )
)
@dataclass(frozen=True)
class FeaturesRidge:
    """Median imputation, standardisation of features and number, and ridge regression, as arrays.

    All of it is learnt from the training windows. Prediction is written out here, so that a checkpoint read
    elsewhere gives the same numbers without scikit-learn.

    Source: Hoerl & Kennard, Technometrics 12 (1970) 55.
    """

    options: RidgeOptions
    median: Floats | None = None
    """Shape (features,): what an unknown value is replaced by."""
    mean: Floats | None = None
    scale: Floats | None = None
    """Shape (features,): mean and standard deviation of the imputed training values."""
    weight: Floats | None = None
    """Shape (features,), in standard deviations of the number."""
    target: Floats | None = None
    """Shape (2,): mean and standard deviation of the training windows' numbers."""
    strength: Floats | None = None
    """Penalty that was used, shape ()."""

    def fit(self, values: Floats, numbers: Floats, person: Codes | None = None) -> FeaturesRidge:
        """Learn from training windows.

        Parameters
        ----------
        values : array, shape (windows, features), NaN where unknown
        numbers : array, shape (windows,)
        person : array of int, shape (windows,), optional
            Whose each window is, so that the penalty is chosen on persons who are held out; windows count as persons
            where it is left out.

        Returns
        -------
        FeaturesRidge
            A fitted copy. Where all numbers are equal, it says that number.
        """
        penalty = self.options.penalty
        return self._solved(values, numbers, self._chosen(values, numbers, person) if penalty == "auto" else penalty)

    def _solved(self, values: Floats, numbers: Floats, penalty: float) -> FeaturesRidge:
        from sklearn.linear_model import Ridge

        standard = Standard.of(values)
        mean, spread = float(numbers.mean()), float(numbers.std())
        scaled = (numbers - mean) / (spread or 1.0)
        # Both sides have mean 0: an intercept would be 0, too.
        model = Ridge(alpha=penalty * len(numbers), fit_intercept=False, solver="cholesky")
        model.fit(standard.applied(values), scaled)
        weight, target, used = np.ascontiguousarray(model.coef_), np.array([mean, spread]), np.array(penalty)
        return replace(self, **standard._asdict(), weight=weight, target=target, strength=used)

    def _chosen(self, values: Floats, numbers: Floats, person: Codes | None) -> float:
        """The penalty with the least squared error on training persons held out in turn; the strongest if none is."""
        part = dealt(person, len(numbers))
        inner = [at for at in range(INNER) if (part == at).any() and (part != at).any()]
        errors = [0.0] * len(PENALTIES)
        for number, penalty in enumerate(PENALTIES):
            for at in inner:
                held = part == at
                said = self._solved(values[~held], numbers[~held], penalty).predict(values[held])[:, 0]
                errors[number] += float(((said - numbers[held]) ** 2).sum())
        return PENALTIES[int(np.argmin(errors))]

    def predict(self, values: Floats) -> Floats:
        """Numbers and the training windows' mean, shape (windows, 2), of features of shape (windows, features)."""
        if self.median is None or self.mean is None or self.scale is None or self.weight is None or self.target is None:
            raise ModelError("it has not been fitted.", where="features-ridge")
        standard = Standard(self.median, self.mean, self.scale).applied(values)
        mean, spread = self.target
        # einsum, not BLAS: the sum over features must not depend on how many windows are asked for at once.
        said = np.einsum("nf,f->n", standard, self.weight) * spread + mean
        return np.stack([said, np.full(len(values), mean)], axis=1)

    def tensors(self) -> dict[str, Floats]:
        """What was learnt, by name."""
        names = ("median", "mean", "scale", "weight", "target", "strength")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

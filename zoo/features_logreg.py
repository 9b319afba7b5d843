"""`features-logreg`: what a textbook measures in a window, and a straight line through it. The yardstick."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from biocurate.errors import ModelError
from zoo.features import EXTRACTORS
from zoo.features.inner import INNER, dealt
from zoo.features.standard import Standard
from zoo.models.registry import ModelConfig, Options, SensorSpec, register_model

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Inverse strengths of the penalty to choose from, for standardised features."""


class LogregOptions(Options):
    """Options of `features-logreg`."""

    C: PositiveFloat | Literal["auto"] = "auto"
    """Inverse strength of the L2 penalty; ``auto`` chooses it on training persons held out from training."""
    normalisation: Literal["train", "subject"] = "train"
    """Scope of the scaling: the training windows, or first each person's own (transductive)."""
    max_iter: PositiveInt = 2000


@register_model(
    ModelConfig(
        name="features-logreg",
        family="baseline",
        task="classification",
        spec=SensorSpec(input="features", sensors=tuple(EXTRACTORS), window_s=(2.0, 3600.0)),
        options=LogregOptions,
        description="Band powers, heart rate and variability, skin conductance, ...; logistic regression",
        licence="Apache-2.0",
    )
)
@dataclass(frozen=True)
class FeaturesLogreg:
    """Median imputation, standardisation and multinomial logistic regression, as arrays.

    All of it is learnt from the training windows. Prediction is written out here, so that a checkpoint read
    elsewhere gives the same numbers without scikit-learn.
    """

    options: LogregOptions
    median: Floats | None = None
    """Shape (features,): what an unknown value is replaced by."""
    mean: Floats | None = None
    scale: Floats | None = None
    """Shape (features,): mean and standard deviation of the imputed training values."""
    weight: Floats | None = None
    """Shape (classes, features)."""
    bias: Floats | None = None
    """Shape (classes,)."""
    strength: Floats | None = None
    """Inverse strength of the penalty that was used, shape (), or (labels,)."""
    multi_label: bool = False
    """Whether each row of `weight` tells a label from its absence, whatever the others say."""

    def fit(self, values: Floats, codes: Codes, n_classes: int, person: Codes | None = None) -> FeaturesLogreg:
        """Learn from training windows.

        Parameters
        ----------
        values : array, shape (windows, features), NaN where unknown
        codes : array of int, shape (windows,), or of lists of labels 0 and 1 of shape (windows, labels)
            Of lists each label is told from its absence alone; one that all training windows have, or none, is given
            the training windows' odds whatever the features.
        n_classes : int
        person : array of int, shape (windows,), optional
            Whose each window is, so that the penalty is chosen on persons who are held out; windows count as persons
            where it is left out.

        Returns
        -------
        FeaturesLogreg
            A fitted copy.

        Raises
        ------
        ModelError
            Where the training windows lack a class.
        """
        if codes.ndim == 2:
            return self._each_label(values, codes, person)
        if len(np.unique(codes)) < n_classes:
            mend = "Take more persons, or a label that occurs more often."
            raise ModelError("the training windows lack a class.", where="features-logreg", mend=mend)
        strength = self.options.C
        if strength == "auto":
            strength = self._chosen(values, codes, n_classes, person)
        return self._solved(values, codes, n_classes, strength)

    def _each_label(self, values: Floats, codes: Codes, person: Codes | None) -> FeaturesLogreg:
        varied = [at for at, column in enumerate(codes.T) if column.min() < column.max()]
        if not varied:
            raise ModelError("all training windows have the same labels.", where="features-logreg")
        have = codes.sum(axis=0)
        bias = np.log((have + 0.5) / (len(codes) - have + 0.5))
        weight, strength = np.zeros((codes.shape[1], values.shape[1])), np.full(codes.shape[1], np.nan)
        for at in varied:
            one = self.fit(values, codes[:, at], 2, person)
            if one.weight is not None and one.bias is not None and one.strength is not None:
                weight[at], bias[at] = one.weight[1] - one.weight[0], one.bias[1] - one.bias[0]
                strength[at] = one.strength
        return replace(one, weight=weight, bias=bias, strength=strength, multi_label=True)

    def _solved(self, values: Floats, codes: Codes, n_classes: int, strength: float) -> FeaturesLogreg:
        from sklearn.linear_model import LogisticRegression

        standard = Standard.of(values)
        model = LogisticRegression(C=strength, class_weight="balanced", max_iter=self.options.max_iter)
        model.fit(standard.applied(values), codes)
        weight, bias = model.coef_, model.intercept_
        if n_classes == 2:  # scikit-learn gives one row: the log odds of the second class
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        # In C order, as a checkpoint keeps it: the order in memory decides the last bit of a sum.
        weight = np.ascontiguousarray(weight)
        chosen = np.array(strength)
        return replace(self, **standard._asdict(), weight=weight, bias=bias, strength=chosen)

    def _chosen(self, values: Floats, codes: Codes, n_classes: int, person: Codes | None) -> float:
        """The strength with the least loss on training persons held out in turn; the weakest penalty if none can be."""
        part = dealt(person, len(codes))
        inner = [at for at in range(INNER) if len(np.unique(codes[part != at])) == n_classes and (part == at).any()]
        weight = len(codes) / (n_classes * np.bincount(codes, minlength=n_classes))
        losses = []
        for strength in STRENGTHS:
            loss = 0.0
            for at in inner:
                held = part == at
                odds = self._solved(values[~held], codes[~held], n_classes, strength).predict(values[held])
                right = odds[np.arange(len(odds)), codes[held]]
                loss -= float((weight[codes[held]] * np.log(np.maximum(right, 1e-12))).sum())
            losses.append(loss)
        return STRENGTHS[int(np.argmin(losses))] if inner else STRENGTHS[-1]

    def predict(self, values: Floats) -> Floats:
        """Probabilities, shape (windows, classes), of windows with features of shape (windows, features)."""
        if self.median is None or self.mean is None or self.scale is None or self.weight is None or self.bias is None:
            raise ModelError("it has not been fitted.", where="features-logreg")
        standard = Standard(self.median, self.mean, self.scale).applied(values)
        # einsum, not BLAS: the sum over features must not depend on how many windows are asked for at once.
        score = np.einsum("nf,kf->nk", standard, self.weight) + self.bias
        if self.multi_label:
            return np.asarray(1 / (1 + np.exp(-np.clip(score, -700, 700))))
        odds = np.exp(score - score.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def tensors(self) -> dict[str, Floats]:
        """What was learnt, by name."""
        names = ("median", "mean", "scale", "weight", "bias", "strength")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def per_subject(values: Floats, person: NDArray[np.intp]) -> Floats:
    """Z-score of each feature over each person's own windows.

    Transductive: a held-out person's windows are all used at once, though never their labels.

    Parameters
    ----------
    values : array, shape (windows, features), NaN where unknown
    person : array of int, shape (windows,)
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    count, total = _sums(known.astype(np.float64), person), _sums(filled, person)
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    apart = np.where(known, values - mean[person], 0.0)
    spread = np.sqrt(np.divide(_sums(apart**2, person), count, out=np.zeros_like(total), where=count > 0))
    scale = np.where(spread > 0, spread, 1.0)
    return np.where(known, apart / scale[person], np.nan)


def _sums(values: Floats, person: NDArray[np.intp]) -> Floats:
    out = np.zeros((int(person.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(out, person, values)
    return out

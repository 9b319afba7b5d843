"""A network in the form in which it is exported: the same answers by operations that ONNX runtimes are quick at."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from torch import nn

from zoo.deploying.forms import panluna, tiny_biomoe
from zoo.deploying.forms.form import Form

FORMS: Mapping[type[nn.Module], Form] = {**panluna.FORMS, **tiny_biomoe.FORMS}
"""By the class of a layer."""


def exportable(network: nn.Module) -> nn.Module:
    """Copy a network, with the layers that have a form for export in that form.

    A layer of a class that has none stays as it is.

    Parameters
    ----------
    network : Module
        It is not changed.

    Returns
    -------
    Module
        In evaluation mode; its weights need no gradients.
    """
    copy = deepcopy(network).eval().requires_grad_(False)
    return _replaced(copy, FORMS)


def _replaced(module: nn.Module, forms: Mapping[type[nn.Module], Form]) -> nn.Module:
    """From the inside out, so that a layer is given children that have their form already."""
    for name, child in module.named_children():
        setattr(module, name, _replaced(child, forms))
    form = forms.get(type(module))
    return module if form is None else form(module).eval().requires_grad_(False)

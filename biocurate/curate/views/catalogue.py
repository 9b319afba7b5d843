"""Every step there is: those of this package, and plugins'."""

from __future__ import annotations

from biocurate.curate.views import band, clip, fir, montage, normalise, notch, resample, scale  # noqa: F401
from biocurate.curate.views.step import Step, registered
from biocurate.plugins import load_plugins

PLUGINS = "biocurate.steps"
"""Entry-point group: a plugin's entry point names a module, or class, whose import defines a step."""


def steps() -> dict[str, type[Step]]:
    """Every step by its name."""
    load_plugins(PLUGINS)
    return registered()


def parse_step(fields: object) -> Step:
    """Make a step of a mapping with its name under ``step``; ValueError where that names none."""
    if isinstance(fields, Step):
        return fields
    known = steps()
    if not isinstance(fields, dict) or fields.get("step") not in known:
        said = fields.get("step") if isinstance(fields, dict) else fields
        raise ValueError(f"there is no step {said!r}; write {{step: NAME, ...}} with one of {', '.join(known)}")
    return known[fields["step"]].model_validate({key: value for key, value in fields.items() if key != "step"})

"""Image representations of windows: drawn on the fly, or made by the million and stored."""

from biocurate.errors import UsageError

try:
    import torch  # noqa: F401
except ModuleNotFoundError as missing:
    raise UsageError(
        "Images need PyTorch, which is not installed.", mend="pip install 'biocurate[images]'"
    ) from missing

from biocurate.images import representations  # noqa: F401  registers what it defines
from biocurate.images.drawing.colours import COLOUR_MAPS
from biocurate.images.drawing.registry import Representation, kinds, representation
from biocurate.images.drawing.render import colour, resize
from biocurate.images.drawing.windows import Drawing, Status, UndrawnWarning, draw, represent

__all__ = [
    "COLOUR_MAPS",
    "Drawing",
    "Representation",
    "Status",
    "UndrawnWarning",
    "colour",
    "draw",
    "kinds",
    "represent",
    "representation",
    "resize",
]

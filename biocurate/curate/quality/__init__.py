"""Quality of windows: cheap measures for every sensor type, indices by type, each with its version and its source."""

from biocurate.curate.quality.catalogue import find_measure, measures
from biocurate.curate.quality.registry import Measure, register
from biocurate.curate.quality.score import Scores, score

__all__ = ["Measure", "Scores", "find_measure", "measures", "register", "score"]

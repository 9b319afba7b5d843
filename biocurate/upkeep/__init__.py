"""Keep a store in shape: repack it, join two of them, take a person out for good."""

from biocurate.upkeep.join import Merged, merge
from biocurate.upkeep.repack import Compacted, compact
from biocurate.upkeep.withdraw import Forgotten, forget

__all__ = ["Compacted", "Forgotten", "Merged", "compact", "forget", "merge"]

"""Keep a store in shape: repack it, join two of them, take a person out for good."""

from biocurate.upkeep.identifiers import Unnamed, forget_identifiers
from biocurate.upkeep.join import Merged, merge
from biocurate.upkeep.repack import Compacted, compact
from biocurate.upkeep.withdraw import Forgotten, forget

__all__ = ["Compacted", "Forgotten", "Merged", "Unnamed", "compact", "forget", "forget_identifiers", "merge"]

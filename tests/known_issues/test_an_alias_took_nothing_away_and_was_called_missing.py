"""`--set absent=[EDA]` took nothing away from a head on GSR, and the report said that EDA was MISSING.

So did the name of any sensor type that no vector is of: `tests/zoo/embedding/test_head.py` has that it is refused.
"""

from __future__ import annotations

import pytest

from biocurate.errors import UsageError
from zoo.embeddings_head import HeadOptions


def test_an_alias_is_its_sensor_type():
    """EDA is GSR, as in `--sensors`."""
    assert HeadOptions(absent=("EDA", "PPG")).absent == ("GSR", "PPG")


def test_what_is_no_sensor_type_is_refused():
    with pytest.raises(UsageError, match="no sensor type 'wrist'"):
        HeadOptions(absent=("wrist",))

"""A channel of unknown type in ``s`` got the factor of siemens, whose unit differs from it by case alone."""

from biocurate.sensors import SensorType, Unit, canonical_unit


def test_the_spelling_comes_before_any_case_of_it():
    assert canonical_unit("s", SensorType.MISC) == Unit("ms", 1000.0)
    assert canonical_unit("S", SensorType.MISC) == Unit("uS", 1e6)
    assert canonical_unit("G", SensorType.MISC) == Unit("uT", 100.0)

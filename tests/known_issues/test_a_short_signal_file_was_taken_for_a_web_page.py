"""Five samples of eight bits spelt ``<?xml`` (found by hypothesis), and the signal file was refused."""

import pytest

from biocurate.errors import SourceError
from biocurate.formats.impostors import refuse_impostor


def test_a_few_samples_may_spell_anything():
    for samples in (b"<?xml", b"<!doctype html", b"version https://git-lfs", b"/annex/objects/"):
        refuse_impostor(samples, "r.dat")
    with pytest.raises(SourceError, match=r"r\.dat: is a web page"):
        refuse_impostor(b'<?xml version="1.0" encoding="utf-8"?>', "r.dat")

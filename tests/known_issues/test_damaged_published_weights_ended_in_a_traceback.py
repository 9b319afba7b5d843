"""`zoo import` of a damaged file ended in a traceback, or in torch's advice to run the code of the file."""

from __future__ import annotations

import pickle
import random
import warnings

import pytest
import torch

from biocurate.errors import ModelError
from zoo.models.published import read_published


class Code:
    """What runs when a pickle is read by whoever trusts it."""

    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize("zipped", [True, False])
def test_whatever_is_damaged_is_named(tmp_path, zipped):
    file = tmp_path / "weights.pth"
    torch.save({"a.weight": torch.zeros(20), "b": torch.ones(3)}, file, _use_new_zipfile_serialization=zipped)
    whole, chance = file.read_bytes(), random.Random(0)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(4):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        file.write_bytes(bytes(damaged[: chance.randrange(len(damaged))]))
        with warnings.catch_warnings(), pytest.raises(ModelError) as error:
            warnings.simplefilter("ignore")
            read_published(file, ".weight")
        assert error.value.where == str(file)


def test_code_is_neither_run_nor_advised(tmp_path, capsys):
    file = tmp_path / "weights.pth"
    file.write_bytes(pickle.dumps({"a.weight": Code()}))
    with pytest.raises(ModelError, match="more than weights") as error:
        read_published(file, ".weight")
    assert "weights_only" not in str(error.value)
    assert capsys.readouterr().out == ""

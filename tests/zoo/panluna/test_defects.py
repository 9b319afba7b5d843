"""The seventeen defects of PanLUNA's reference: what it does, written small, fails where ours passes.

Source: ../shared/models/panluna.md, section 6. Its table in docs/panluna.md says which tests are here and which stand
elsewhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from biocurate import read_windows
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType, place
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, put
from zoo.data.placed import PlacedRows
from zoo.data.task import coded
from zoo.panluna.architecture import REFERENCE, SENSORS, Architecture
from zoo.panluna.model import PanLuna
from zoo.panluna.objective import hide
from zoo.panluna.positions import placed

OURS = Architecture(width=16, queries=2, depth=2)
THEIRS = replace(REFERENCE, width=16, queries=2, depth=2, names=8)
ECG, EEG, PPG = (SENSORS.index(SensorType(kind)) for kind in ("ECG", "EEG", "PPG"))


def made(sizes, classes=0):
    torch.manual_seed(0)
    return PanLuna(classes, sizes).eval()


def mixed(size=3, channels=5, patches=4, seed=0):
    """A batch whose windows are of different montages."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(size, channels, patches * 32, generator=generator)
    where = {
        "locations": torch.randn(size, channels, 3, generator=generator) * 0.1,
        "sensor": torch.randint(0, 3, (size, channels), generator=generator),
    }
    return x, where


def differ(one, other):
    return float((one - other).abs().max())


@pytest.fixture(scope="module")
def ramps(tmp_path_factory):
    """Recordings whose samples say which channel and which time they are of; leads in either order."""
    store = create_store(str(tmp_path_factory.mktemp("ramps") / "s"))

    def recording(names):
        order = {"aVR": 0, "aVL": 1, "aVF": 2}
        samples = np.array([order[name] * 5000 + np.arange(256 * 8) for name in names], np.int16)
        channels = tuple(Channel(label=name, name=name, unit="mV", gain=1.0) for name in names)
        stream = Stream(SensorType.ECG, 256.0, channels, (Segment(0, samples.shape[1]),), ArraySamples(samples))
        return Recording((stream,), (interval(0, 8, "x"),))

    made = {"r/b": recording(["aVR", "aVL", "aVF"]), "r/a": recording(["aVR", "aVF", "aVL"])}
    put(store, made)
    build_manifest(
        store, parse_definition({"name": "w", "windows": {"length": "2s"}, "split": {"method": "kfold", "folds": 2}})
    )
    return store


def test_d1_each_token_has_the_place_of_its_own_channel_and_window():
    """LUNA tiles places over patches where tokens lie window by window; PanLUNA's decoder did so with names."""
    model, (x, where) = made(THEIRS), mixed()
    names = torch.arange(15).view(3, 5) % 8
    mask = hide(torch.ones(3, 5, dtype=torch.bool), 4, generator=torch.Generator().manual_seed(0))
    mask = mask.repeat_interleave(32, dim=2)
    with torch.inference_mode():
        together = model(x, **where, mask=mask, names=names)[0]
        alone = [
            model(x[at, None], locations=where["locations"][at, None], sensor=where["sensor"][at, None],
                  mask=mask[at, None], names=names[at, None])[0]
            for at in range(3)
        ]  # fmt: skip
        torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-5)
        place_of = model.place(where["locations"], where["sensor"])
    tokens = place_of[:, None].expand(-1, 4, -1, -1).flatten(0, 1)  # as tokens lie: window, then patch
    assert torch.equal(place_of.repeat_interleave(4, dim=0), tokens)
    assert differ(place_of.repeat(4, 1, 1), tokens) > 0.1  # the reference


def test_d2_a_row_of_a_window_is_one_channel_over_time(ramps):
    rows = ramps.manifest("w").rows
    windows = read_windows(ramps, rows, "ECG", ["aVR", "aVL", "aVF"])
    assert windows.shape == (8, 3, 512)
    assert (np.diff(windows, axis=2) == 1).all()
    assert (np.unique(windows // 5000, axis=2)[..., 0] == [0, 1, 2]).all()
    whole = np.concatenate(windows[:4], axis=1)  # (channels, samples) of one recording
    theirs = whole.reshape(4, 3, 512)  # without a transposition, as released
    assert any(len(np.unique(window[:, 0] // 5000)) == 1 for window in theirs)  # windows of one channel alone
    assert not np.array_equal(theirs, windows[:4])


def test_d3_a_place_does_not_depend_on_which_others_are_there():
    at = torch.tensor([[[0.05, -0.02, 0.1], [0.03, 0.06, 0.05], [torch.pi / 2, torch.pi / 2, 0.0]]])
    sensor = torch.tensor([[EEG, EEG, ECG]])

    def moved(rule):
        whole, fewer = placed(at, sensor, SENSORS, rule), placed(at[:, :2], sensor[:, :2], SENSORS, rule)
        return differ(whole[:, :2], fewer)

    assert moved("fixed") == 0
    assert moved("present") > 0.5  # the reference: metres and radians are measured by one another
    alone = at[:, 2:], sensor[:, 2:]
    assert placed(*alone, SENSORS, "fixed").norm() == pytest.approx(1)
    assert not placed(*alone, SENSORS, "present").any()  # the reference: an only channel is nowhere


@pytest.mark.parametrize(("sizes", "leaks"), [(OURS, False), (THEIRS, True)], ids=["ours", "reference"])
def test_d4_what_is_hidden_does_not_leak_through_a_norm(sizes, leaks):
    model, (x, where) = made(sizes), mixed()
    mask = hide(torch.ones(3, 5, dtype=torch.bool), 4, generator=torch.Generator().manual_seed(0))
    mask = mask.repeat_interleave(32, dim=2)
    with torch.inference_mode():
        before, _ = model(x, **where, mask=mask)
        after, _ = model(torch.where(mask, 3 * torch.randn_like(x), x), **where, mask=mask)
    assert (differ(before, after) > 1e-4) == leaks


@pytest.mark.parametrize(("sizes", "coupled"), [(OURS, False), (THEIRS, True)], ids=["ours", "reference"])
def test_d5_a_channels_tokens_do_not_depend_on_other_channels(sizes, coupled):
    model, x = made(sizes), mixed()[0]
    x[:, 3:] *= 4
    with torch.inference_mode():
        whole = model.time(x.view(3, -1, 32)).view(3, 5, 4, -1)[:, :3]
        fewer = model.time(x[:, :3].reshape(3, -1, 32)).view(3, 3, 4, -1)
    assert (differ(whole, fewer) > 1e-2) == coupled


def test_d6_v3_lies_between_v2_and_v4():
    v2, v3, v4 = (place(SensorType.ECG, name) for name in ("V2", "V3", "V4"))
    assert v3 == pytest.approx((19 / 36 * np.pi, np.pi / 12, 0.0))
    assert v2[1] < v3[1] < v4[1]


def test_d7_a_lead_is_placed_by_its_name_whatever_the_order_of_its_file(ramps):
    rows = ramps.manifest("w").rows
    found = PlacedRows(ramps.url, rows, ["ECG"], OURS).inputs(np.array([0, 4]))
    swapped, plain = found["locations"]
    assert rows["recording_id"].gather([0, 4]).to_list() == ["r/a", "r/b"]
    torch.testing.assert_close(plain[2], torch.tensor(place(SensorType.ECG, "aVF")))
    torch.testing.assert_close(swapped[[0, 2, 1]], plain)
    assert differ(swapped, plain) > 1  # the reference: one list of places for files of either order


ORDER = """
import sys
import polars as pl
from biocurate import open_store, read_windows
store = open_store(sys.argv[1])
rows = store.manifest("w").rows.filter(pl.col("recording_id") == "r/b")
print({"aVR", "aVL", "aVF", "V1", "V2"}, "|", read_windows(store, rows, "ECG")[:, :, 0].tolist())
"""


def test_d8_channels_have_the_same_order_in_every_process(ramps):
    """The reference takes them from a set, whose order is drawn anew in each process."""
    told = [
        subprocess.run(
            [sys.executable, "-c", ORDER, ramps.url],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout.split("|")
        for seed in ("1", "2")
    ]  # fmt: skip
    assert told[0][0] != told[1][0]
    assert told[0][1] == told[1][1]


@pytest.mark.parametrize("when", ["eval", "train"])
def test_d11_places_are_noisy_in_training_alone(when):
    """LUNA passes a mask at test, too, and that alone turns its noise on."""
    model, (x, where) = made(OURS), mixed()
    nothing = torch.zeros_like(x, dtype=torch.bool)
    model.train(when == "train")
    for each in model.modules():  # nothing else is drawn
        if hasattr(each, "dropped"):
            each.dropped = 0.0
        if isinstance(each, torch.nn.Dropout):
            each.p = 0.0
    with torch.no_grad():
        once, again = (model(x, **where, mask=nothing)[0] for _ in range(2))
    assert (differ(once, again) > 1e-6) == (when == "train")


def test_d12_a_mask_is_each_windows_own():
    present = torch.ones(64, 5, dtype=torch.bool)
    ours = hide(present, 8, generator=torch.Generator().manual_seed(0))
    theirs = hide(present[:1], 8, generator=torch.Generator().manual_seed(0)).expand(64, -1, -1)
    assert len(torch.unique(ours.flatten(1), dim=0)) == 64
    assert len(torch.unique(theirs.flatten(1), dim=0)) == 1


def test_d14_a_label_is_the_same_number_in_a_night_that_lacks_a_stage():
    stages = ["N1", "N2", "N3", "R", "W"]
    night = ["N1", "N2", "R", "W"]
    assert coded(pl.Series(night), stages).tolist() == [0, 1, 3, 4]
    theirs = {name: number for number, name in enumerate(sorted(set(night)))}  # by the file's own names
    assert [theirs[name] for name in night] == [0, 1, 2, 3]


def test_d15_classes_count_from_0():
    codes = coded(pl.Series(["1", "2", "2", "1"]), ["1", "2"])
    assert torch.nn.functional.cross_entropy(torch.zeros(4, 2), torch.from_numpy(codes)) == pytest.approx(np.log(2))
    with pytest.raises(IndexError):
        torch.nn.functional.cross_entropy(torch.zeros(4, 2), torch.from_numpy(codes) + 1)  # the reference


def test_d17_at_first_a_sensor_type_says_less_than_a_token():
    x = mixed(size=8)[0].view(8, -1, 32)

    @torch.no_grad()
    def shares(sizes):
        torch.manual_seed(0)
        model = PanLuna(0, replace(sizes, width=64))
        token = (model.time(x) + model.frequency(x)).norm(dim=2).mean()
        return float(model.sensors.weight.norm(dim=1).mean() / token)

    ours, theirs = shares(OURS), shares(THEIRS)
    assert ours < 0.1
    assert theirs > 0.25

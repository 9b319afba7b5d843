"""Windows of any sensor types and montages as one batch, held against reading them one by one."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest
import torch

from biocurate import read_windows
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.engine import InProcess
from biocurate.errors import ModelError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recording import Recording, Stream
from biocurate.sensors import SensorType, place
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put
from zoo.data.placed import PlacedRows, PlacedWindows, standardised
from zoo.data.windows import loader
from zoo.models.registry import create_model
from zoo.panluna.architecture import LUNA_BASE, SENSORS, Architecture

TAKES = Architecture()
FOLDS = {"method": "kfold", "folds": 2}


def manifest(store, name="all", **windows):
    rule = {"name": name, "windows": {"length": "2s", **windows}, "label": {"column": "condition"}, "split": FOLDS}
    build_manifest(store, parse_definition(rule))


def changed(stream, change):
    """The same stream with other samples."""
    digital = np.array(stream.digital)
    change(digital)
    return Stream(stream.sensor_type, stream.rate_hz, stream.channels, stream.segments, type(stream.samples)(digital))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Recordings of different montages, with two EEG streams, without one, with a flat channel, and a lead unknown."""
    store = create_store(str(tmp_path_factory.mktemp("mixed") / "s"))

    def eeg(names, seed, rate=256):
        return noise_stream("EEG", rate, [(0, rate * 6)], names, seed=seed)

    def flatten(digital):
        digital[1] = 77

    def recording(label, *streams):
        return Recording(streams, (interval(0, 6, label),))

    put(
        store,
        {
            "m/1": recording("x", eeg(["Fz", "Cz"], 1), noise_stream("ECG", 256, [(0, 1536)], ["II"], seed=2)),
            "m/2": recording("y", eeg(["Cz", "Oz", "Fz"], 3)),
            "m/3": recording("x", noise_stream("ECG", 256, [(0, 1536)], ["I", "V3", "mystery"], seed=4)),
            "m/4": recording("y", eeg(["Fz"], 5), eeg(["F7-T7", "O1"], 6), noise_stream("PPG", 256, [(0, 1536)])),
            "m/5": recording("x", changed(eeg(["Fz", "Cz", "Oz"], 7), flatten)),
            "m/6": recording("y", noise_stream("GSR", 256, [(0, 1536)], seed=8)),
        },
    )
    manifest(store)
    return store


def slowly(store, rows, sensors):
    """Each window by itself: name of the channel -> sensor type, samples, place."""
    found = []
    for window in rows.iter_slices(1):
        mine = {}
        recording = store.recording(window["recording_id"][0])
        for stream in recording.row["streams"]:
            kind = SensorType(stream["sensor_type"])
            if kind not in sensors:
                continue
            names = [channel["name"] for channel in stream["channels"]]
            samples = read_windows(store, window, str(kind), names)[0].astype(np.float64)
            for name, x in zip(names, samples, strict=True):
                mine[str(kind), name] = (x, place(kind, name) or (0, 0, 0))
        found.append(mine)
    return found


def test_each_channel_is_what_reading_its_window_alone_gives_and_stands_where_its_electrode_is(mixed):
    data = PlacedWindows(mixed.url, "all", None, ["EEG", "ECG", "PPG"], TAKES)
    order = np.random.default_rng(0).permutation(len(data))
    batch = data.__getitems__(order)
    inputs = batch["input"]
    assert inputs["x"].shape == (len(data), 4, 512)
    assert {name: each.dtype for name, each in inputs.items()} == {
        "x": torch.float32,
        "locations": torch.float32,
        "sensor": torch.int64,
        "present": torch.bool,
    }
    expected = slowly(mixed, data.rows[order], {SensorType.EEG, SensorType.ECG, SensorType.PPG})
    for at, channels in enumerate(expected):
        for slot, ((kind, _), (x, where)) in enumerate(channels.items()):
            flat = x.std() == 0
            assert inputs["present"][at, slot] == (not flat)
            scaled = np.zeros_like(x) if flat else (x - x.mean()) / x.std(ddof=1)
            np.testing.assert_allclose(inputs["x"][at, slot].numpy(), scaled, atol=1e-5)
            np.testing.assert_allclose(inputs["locations"][at, slot].numpy(), where, atol=1e-6)
            assert SENSORS[inputs["sensor"][at, slot]] == kind
        assert not inputs["present"][at, len(channels) :].any()
        assert not inputs["x"][at, len(channels) :].any()
    assert batch["row"].tolist() == order.tolist()
    assert [data.classes[code] for code in batch["label"]] == data.rows[order]["label"].to_list()


def test_all_streams_of_a_sensor_type_are_taken_though_they_are_calibrated_apart(mixed):
    data = PlacedWindows(mixed.url, "all", None, ["EEG"], TAKES)
    two = np.flatnonzero((data.rows["recording_id"] == "m/4").to_numpy())
    assert data.placed.layout.width[two].tolist() == [3] * len(two)
    between = (np.array(place(SensorType.EEG, "F7")) + np.array(place(SensorType.EEG, "T7"))) / 2
    np.testing.assert_allclose(data[int(two[0])]["input"]["locations"][1].numpy(), between, atol=1e-6)


def test_what_a_window_lacks_is_told_and_what_has_no_place_is_counted(mixed):
    data = PlacedWindows(mixed.url, "all", None, ["ECG", "EEG"], TAKES)
    layout = data.placed.layout
    each = 3  # windows a recording
    assert layout.missing == {SensorType.ECG: 4 * each, SensorType.EEG: 2 * each}
    assert layout.unplaced == {(SensorType.ECG, "mystery"): each}
    assert any("ECG mystery has no known place, in 3 windows" in note for note in layout.notes())
    bare = ~data.placed.covered
    assert set(data.rows.filter(pl.Series(bare))["recording_id"]) == {"m/6"}
    empty = data.__getitems__(np.flatnonzero(bare))["input"]
    assert empty["x"].shape == (each, 1, 512)
    assert not empty["present"].any()


def test_channels_select_as_far_as_a_recording_has_them(mixed):
    data = PlacedWindows(mixed.url, "all", None, ["EEG"], TAKES, channels={"EEG": ["Oz", "Cz"]})
    names = {form.channels for form in data.placed.layout.forms}
    assert names == {("Cz",), ("Oz", "Cz")}
    with pytest.raises(ModelError, match=r"no recording has Pz.*There are Cz, F7-T7, Fz, O1, Oz"):
        PlacedWindows(mixed.url, "all", None, ["EEG"], TAKES, channels={"EEG": ["Pz"]})


def test_what_the_network_cannot_take_is_refused_before_anything_is_read(mixed, tmp_path):
    with pytest.raises(ModelError, match=r"512 samples are no whole patches of 40.*0\.15625 s"):
        PlacedWindows(mixed.url, "all", None, ["EEG"], LUNA_BASE)
    with pytest.raises(ModelError, match="no row for TEMP"):
        PlacedWindows(mixed.url, "all", None, ["TEMP"], TAKES)
    with pytest.raises(ModelError, match="no window has a stream of it"):
        PlacedWindows(mixed.url, "all", None, ["EMG"], TAKES)
    store = create_store(str(tmp_path / "s"))
    for number in range(4):
        raw = noise_stream("EEG", 500, [(0, 3000)], ["Fz"], seed=number)
        put(store, {f"r/{number}": Recording((raw,), (interval(0, 6, "xy"[number % 2]),))})
    manifest(store)
    with pytest.raises(ModelError, match=r"500 Hz, the network takes 256 Hz.*biocurate preprocess panluna"):
        PlacedWindows(store.url, "all", None, ["EEG"], TAKES)


def test_the_order_of_channels_and_the_company_of_a_window_do_not_change_what_is_predicted(mixed):
    torch.manual_seed(0)
    model = create_model("test-panluna", num_classes=2).eval()
    one, other = (PlacedWindows(mixed.url, "all", None, sensors, TAKES) for sensors in (["EEG", "ECG"], ["ECG", "EEG"]))
    at = np.flatnonzero(one.placed.covered)
    with torch.inference_mode():
        first, second = (model(**data.__getitems__(at)["input"]) for data in (one, other))
        alone = torch.cat([model(**one.__getitems__([row])["input"]) for row in at])
    torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(first, alone, atol=1e-5, rtol=1e-5)


def test_rows_without_labels_are_read_alike_and_spawned_workers_give_the_same(mixed):
    labelled = PlacedWindows(mixed.url, "all", "fold0", ["EEG", "ECG"], TAKES)
    rows = labelled.rows.drop("label")
    bare = PlacedRows(mixed.url, rows, ["EEG", "ECG"], TAKES)
    for one, other in zip(loader(labelled, 5), loader(bare, 5, workers=1), strict=True):
        assert all(torch.equal(one["input"][name], other["input"][name]) for name in one["input"])
        assert "label" not in other
    again = pickle.loads(pickle.dumps(bare))
    assert "_store" not in vars(again)
    assert torch.equal(again[0]["input"]["x"], bare[0]["input"]["x"])


def test_missing_samples_become_the_mean_of_those_that_are_there():
    x = torch.tensor([[[1.0, float("nan"), 3.0, 5.0], [float("nan")] * 4, [1e6, 1e6 + 1, 1e6, 1e6 + 1]]])
    found = standardised(x, torch.tensor([[True, False, True]]))
    assert torch.equal(found[0, 0], torch.tensor([-1.0, 0.0, 0.0, 1.0]))
    assert torch.equal(found[0, 1], torch.zeros(4))
    torch.testing.assert_close(found[0, 2], torch.tensor([-1.0, 1.0, -1.0, 1.0]) * 0.75**0.5)


CHAIN = [{"step": "band", "low_hz": 1, "high_hz": 40, "order": 2}, {"step": "resample", "rate_hz": 256}]


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "sensors", "channels", "files"), [("eegmat", ["EEG", "ECG"], 21, 4), ("ludb", ["ECG"], 12, 6)]
)
def test_real_recordings_through_a_lazy_view_are_what_reading_them_alone_gives(
    corpora, tmp_path, name, sensors, channels, files
):
    store = create_store(str(tmp_path / "s"))
    ingest(make_plan(load_recipe(name), corpora / name, store, limit=files), InProcess(), store)
    preprocess(store, parse_view({"name": "v", "chains": {sensor: CHAIN for sensor in sensors}}), lazy=True)
    rule = {"name": "w", "windows": {"length": "2s", "view": "v"}, "split": {"method": "random-windows"}}
    build_manifest(store, parse_definition(rule))
    rows = store.manifest("w").rows[::5]
    data = PlacedRows(store.url, rows, sensors, TAKES)
    found = data.__getitems__(range(len(data)))["input"]
    assert found["present"].sum(dim=1).tolist() == [channels] * len(data)
    first = 0
    for sensor in sensors:
        alone = torch.from_numpy(np.concatenate([read_windows(store, row, sensor) for row in rows.iter_slices(1)]))
        mine = slice(first, first := first + alone.shape[1])
        deviation, mean = torch.std_mean(alone.double(), dim=2, keepdim=True)
        torch.testing.assert_close(found["x"][:, mine], ((alone - mean) / deviation).float(), atol=1e-4, rtol=0)
        assert (found["sensor"][:, mine] == SENSORS.index(SensorType(sensor))).all()
    if name == "ludb":
        assert not data.layout.unplaced
        assert len(found["locations"][0].unique(dim=0)) == 12
    else:
        assert set(data.layout.unplaced) == {(SensorType.ECG, "ECG")}

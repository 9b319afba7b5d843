"""The simulated cohort: what is declared of a person is what its files hold, read by the format readers."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import neurokit2
import numpy as np
import pytest
import wfdb
from scipy.signal import welch
from scipy.stats import mannwhitneyu

from biocurate.errors import UsageError
from biocurate.recipes import Unit, load_recipe
from biocurate.recording import NS, Recording
from biocurate.testing import Truth, simulate, waveforms, write_cohort

SUBJECTS, MINUTES = 3, 0.75


@pytest.fixture(scope="module")
def cohort():
    return simulate(SUBJECTS, seed=7, minutes=MINUTES)


@pytest.fixture(scope="module")
def folders(cohort, tmp_path_factory):
    return write_cohort(cohort, tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="module", params=["sim-edf", "sim-wfdb", "sim-csv"])
def corpus(request, folders):
    return request.param, folders[request.param]


def read_all(folder: Path) -> list[tuple[Unit, Recording]]:
    recipe = load_recipe(folder / "recipe.yaml")
    return [(unit, recipe.read(unit)) for unit in recipe.units(folder)]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def conditions(recording: Recording) -> list[tuple[str, float, float]]:
    return [(a.value, a.onset_ns / NS, a.duration_ns / NS) for a in recording.annotations if a.kind == "condition"]


def test_each_corpus_is_read_by_its_own_recipe_with_the_sensors_rates_and_units_it_states(corpus):
    name, folder = corpus
    expected = {
        "sim-edf": {"EEG": (250, 6, "uV"), "ECG": (500, 1, "mV"), "EMG": (500, 1, "uV")},
        "sim-wfdb": {"ECG": (250, 2, "mV"), "PPG": (125, 1, "NU"), "RESP": (125, 1, "NU")},
        "sim-csv": {"GSR": (4, 1), "PPG": (64, 1), "ACC": (32, 3), "TEMP": (4, 1), "HR": (1, 1)},
    }[name]
    read = read_all(folder)
    assert len(read) == (2 * SUBJECTS if name == "sim-wfdb" else SUBJECTS)
    for _, recording in read:
        found = {str(stream.sensor_type): stream for stream in recording.streams}
        assert found.keys() == expected.keys()
        for sensor, (rate, n_channels, *unit) in expected.items():
            assert (found[sensor].rate_hz, len(found[sensor].channels)) == (rate, n_channels)
            assert {channel.unit for channel in found[sensor].channels} == set(unit) or not unit
        assert not recording.warnings


def test_conditions_age_sex_and_person_are_those_of_the_simulated_person(corpus, cohort):
    name, folder = corpus
    for unit, recording in read_all(folder):
        person = cohort.people[int(unit.subject) - 1]
        spans = [(span.condition, span.start_s, span.stop_s - span.start_s) for span in person.spans]
        if name == "sim-wfdb":
            condition, _, length = spans[int(unit.run) - 1]
            spans = [(condition, 0.0, length)]
        assert conditions(recording) == spans
        assert (recording.age, recording.sex) == (person.age, person.sex)
        assert unit.person == f"sim/{person.subject[1:]}"


def test_all_devices_start_at_the_time_of_the_session(folders, cohort):
    for name, folder in folders.items():
        for unit, recording in read_all(folder):
            person = cohort.people[int(unit.subject) - 1]
            start = person.spans[int(unit.run) - 1].start_s if name == "sim-wfdb" else 0
            assert recording.start_unix_ns == (person.start_unix + start) * NS


def test_heart_rates_that_a_detector_finds_are_those_declared(folders, cohort):
    for unit, recording in read_all(folders["sim-wfdb"]):
        person = cohort.people[int(unit.subject) - 1]
        declared = person.heart_rate(person.spans[int(unit.run) - 1])
        ecg = recording.stream("ECG").physical[0]
        _, found = neurokit2.ecg_peaks(neurokit2.ecg_clean(ecg, 250), 250)
        assert 60 * 250 / np.diff(found["ECG_R_Peaks"]).mean() == pytest.approx(declared, abs=0.7)


def test_annotated_beats_lie_on_the_r_peaks(folders):
    path = folders["sim-wfdb"] / "S01_1"
    beats = wfdb.rdann(str(path), "atr").sample[2:-1]
    ecg = wfdb.rdrecord(str(path), smooth_frames=False).e_p_signal[0]
    around = np.stack([ecg[2 * beat - 25 : 2 * beat + 26] for beat in beats])
    assert np.abs(around.argmax(axis=1) - 25).max() <= 2


def test_one_heart_beats_in_all_three_corpora(folders, cohort):
    span = cohort.people[0].spans[0]
    (_, edf), *_ = read_all(folders["sim-edf"])
    (_, csv), *_ = read_all(folders["sim-csv"])
    _, chest = neurokit2.ecg_peaks(neurokit2.ecg_clean(edf.stream("ECG").physical[0], 500), 500)
    _, wrist = neurokit2.ppg_peaks(neurokit2.ppg_clean(csv.stream("PPG").physical[0], 64), 64)
    r_peaks, pulses = chest["ECG_R_Peaks"] / 500, wrist["PPG_Peaks"] / 64
    r_peaks = r_peaks[(r_peaks > 5) & (r_peaks < span.stop_s - 5)]
    delays = pulses[np.searchsorted(pulses, r_peaks)] - r_peaks
    assert 0.2 < np.median(delays) < 0.7
    assert np.std(delays) < 0.05


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(cohort, folders, tmp_path):
    root = folders["sim-edf"].parent
    write_cohort(simulate(SUBJECTS, seed=7, minutes=MINUTES), tmp_path / "again")
    write_cohort(simulate(1, seed=8, minutes=MINUTES), tmp_path / "other")
    assert digests(tmp_path / "again") == digests(root)
    other = digests(tmp_path / "other")
    assert not {other[name] for name in ("sim-edf/S01.edf", "sim-wfdb/S01_1.dat")} & set(digests(root).values())


def test_a_person_does_not_depend_on_how_many_others_there_are(cohort):
    assert simulate(1, seed=7, minutes=MINUTES).people[0] == cohort.people[0]


def test_conditions_are_told_apart_well_but_not_perfectly_between_persons():
    people = simulate(60, seed=1, minutes=0.5).people
    areas = {}
    for name, measure in {
        "heart rate": lambda person, span: person.heart_rate(span),
        "skin": lambda person, span: level(person, "skin_level", span),
        "alpha": lambda person, span: -level(person, "alpha", span),
        "breath": lambda person, span: level(person, "breath_rate", span),
    }.items():
        values = {c: [measure(p, s) for p in people for s in p.spans if s.condition == c] for c in ("rest", "stress")}
        areas[name] = mannwhitneyu(values["stress"], values["rest"]).statistic / len(people) ** 2
    assert all(0.6 < area < 0.92 for area in areas.values()), areas


def level(person, trait, span):
    within = (person.grid >= span.start_s + 15) & (person.grid < span.stop_s)
    return float(person.level(trait)[within].mean())


def test_brain_muscle_and_skin_change_with_the_condition_as_declared():
    changes = {"alpha": [], "beta": [], "muscle": [], "skin": []}
    for person in simulate(6, seed=2, minutes=0.75).people:
        power = {}
        for span in person.spans:
            within = slice(round((span.start_s + 15) * 250), round(span.stop_s * 250))
            frequencies, density = welch(waveforms.eeg(person, 250)["O1"][within], 250, nperseg=500)
            muscle = waveforms.emg(person, 500)[2 * within.start : 2 * within.stop]
            power[span.condition] = [
                density[(frequencies >= 8) & (frequencies < 12)].sum(),
                density[(frequencies >= 16) & (frequencies < 27)].sum(),
                muscle.std(),
                waveforms.eda(person, 4)[round(span.start_s + 15) * 4 : round(span.stop_s) * 4].mean(),
            ]
        for trait, ratio in zip(changes, np.array(power["stress"]) / power["rest"], strict=True):
            changes[trait].append(np.log(ratio))
    means = {trait: np.mean(values) for trait, values in changes.items()}
    assert means["alpha"] < -0.2 and min(means["beta"], means["muscle"], means["skin"]) > 0.15, means


def test_half_of_the_wristband_exports_are_archives(folders):
    assert sorted(path.name for path in folders["sim-csv"].iterdir() if path.name.startswith("S")) == [
        "S01",
        "S02.zip",
        "S03",
    ]


@pytest.mark.parametrize("arguments", [{"subjects": 0}, {"minutes": 0.1}])
def test_a_cohort_without_persons_or_time_is_refused(arguments):
    with pytest.raises(UsageError, match="cannot be simulated"):
        simulate(**arguments)


def test_without_an_effect_the_conditions_change_nothing():
    planted, none = (simulate(6, seed=3, minutes=1.0, truth=Truth(effect=effect)).people for effect in (1.0, 0.0))
    for name, at_least in (("heart_rate", 1.03), ("skin_level", 1.2)):
        ratio = [np.median(one.level(name)[one.stress > 0.9]) / np.median(one.level(name)[one.stress < 0.1])
                 for one in planted]  # fmt: skip
        assert np.mean(ratio) > at_least
    for one in none:
        assert not one.stress.any()
        assert one.labelled(one.grid).any()
        # What is left of a level is its own wandering: the same signals come out whatever the labels are.
        other = replace(one, spans=tuple(replace(span, condition="rest") for span in one.spans))
        assert np.array_equal(waveforms.eda(one, 4), waveforms.eda(other, 4))
        assert np.array_equal(waveforms.ecg(one, 250, "II"), waveforms.ecg(other, 250, "II"))


def test_an_uncoupled_skin_follows_nothing_that_drives_the_heart():
    people = simulate(30, seed=5, minutes=2.0, truth=Truth(coupling=0.0)).people
    together = [np.corrcoef(one.skin, one.stress)[0, 1] for one in people]
    assert abs(np.mean(together)) < 0.2  # 30 persons, of whom each gives about 0.3 by chance
    assert np.mean([one.skin.std() for one in people]) > 0.6 * np.mean([one.stress.std() for one in people])
    assert all(np.array_equal(one.skin, one.stress) for one in simulate(2, minutes=0.5).people)


def test_a_leak_is_in_the_noise_of_the_devices_and_nowhere_else():
    fair, leaking = (simulate(1, seed=2, minutes=1.0, truth=Truth(effect=0.0, leak=leak)).people[0] for leak in (0, 1))
    difference = waveforms.ecg(leaking, 250, "II") - waveforms.ecg(fair, 250, "II")
    label = fair.labelled(fair.times(250)).astype(bool)
    assert not difference[~label].any()
    assert difference[label].std() == pytest.approx(0.012, rel=0.05)

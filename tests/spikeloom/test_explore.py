"""The search: draws, storage, order, and what is wrong; circuits are in tests/system."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import KilledWorker

from golden.supernet import extreme
from spikeloom.explore.confirm import broken, proven
from spikeloom.explore.front import fitness, front, spread
from spikeloom.explore.search import Clock, confirm_front, search
from spikeloom.explore.space import read_space
from spikeloom.explore.study import SAMPLERS, Study
from spikeloom.explore.workers import Workers, open_cluster, read_cluster
from tests.spikeloom import spaces


def row(accuracy: float, energy: float, latency: float = 1.0, luts: int = 1) -> dict[str, Any]:
    return {"accuracy": accuracy, "energy_uj": energy, "latency_us": latency, "luts": luts}


def stub(space, point: Mapping[str, Any], data_dir) -> dict[str, Any]:
    """Figures that follow from the point alone, and points that are no circuits."""
    if point["bits_stem"] == 3 and point["tau0"] == 4.0:
        return {"point": dict(point), "reason": "too small"}
    total = sum(point[f"bits_{part}"] for part in ("stem", "attention", "mlp", "head"))
    return {"point": dict(point), **row(0.5 + total / 40 + point["tau0"] / 100, total + 1.0,
                                        point["slack"] * point["threshold0"], 100 * total)}


class Sequential:
    """Workers of no process that end in an order of their own, and may be killed."""

    def __init__(self, seed: int = 0, dies_after: int | None = None):
        self.order, self.left, self.ran = np.random.default_rng(seed), dies_after, 0

    def run(self, function, tasks, wanted=lambda: True):
        for i in self.order.permutation(len(tasks)):
            if not wanted():
                return
            if self.left == self.ran:
                raise KeyboardInterrupt
            self.ran += 1
            yield int(i), function(*tasks[i])


@pytest.fixture
def space(tmp_path):
    return spaces.tiny_space(tmp_path)


def found(space, folder, workers, *, trials=11, sampler="nsga2", seed=0, clock=None, storage=None):
    folder.mkdir(exist_ok=True)
    study = Study(space, folder, sampler=sampler, seed=seed, storage=storage)
    return search(study, workers, trials, clock or Clock(None), None, judging=stub)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_neither_order_nor_death_change_the_trials(space, tmp_path, sampler):
    whole = found(space, tmp_path / "a", Sequential(), sampler=sampler)
    assert [each["trial"] for each in whole] == list(range(11))
    assert found(space, tmp_path / "b", Sequential(seed=7), sampler=sampler) == whole
    killed, storage = 0, f"sqlite:///{tmp_path}/study.db" if sampler == "tpe" else None
    for after in (2, 1, 3, 99):
        try:
            again = found(space, tmp_path / "c", Sequential(dies_after=after), sampler=sampler,
                          storage=storage)
        except KeyboardInterrupt:
            killed += 1
    assert killed == 3 and again == whole
    assert any("reason" in each for each in whole)
    other = found(space, tmp_path / "d", Sequential(), sampler=sampler, seed=1)
    assert [each["point"] for each in other] != [each["point"] for each in whole]


def test_a_lock_that_a_killed_search_left_is_given_up(space, tmp_path, monkeypatch):
    monkeypatch.setattr("spikeloom.explore.study.GRACE", 3)
    monkeypatch.chdir(tmp_path)
    one = found(space, Path("a"), Sequential(), trials=1)
    Path("a", "study.journal.lock").touch()
    assert found(space, Path("a"), Sequential(), trials=2)[:1] == one


def test_the_first_trials_are_the_ends_of_the_space(space, tmp_path):
    rows = found(space, tmp_path / "a", Sequential(), trials=2)
    assert [each["point"] for each in rows] == [extreme(space.axes, True),
                                                extreme(space.axes, False)]


def test_designs_that_are_the_same_are_judged_once(space, tmp_path):
    workers = Sequential()
    rows = found(space, tmp_path / "a", workers, trials=60)
    keys = {str(space.design(each["point"])) for each in rows}
    assert len(rows) == 60 > len(keys) == workers.ran


def test_nothing_begins_when_the_minutes_are_over(space, tmp_path):
    assert found(space, tmp_path / "a", Sequential(), clock=Clock(0)) == []


def test_a_study_belongs_to_one_space_and_seed(space, tmp_path):
    found(space, tmp_path / "a", Sequential(), trials=1)
    with pytest.raises(ValueError, match="holds a study with another seed: 0"):
        Study(space, tmp_path / "a", seed=1)


def test_front_and_spread():
    rows = [row(0.9, 2.0), row(0.8, 1.0), row(0.8, 1.5), row(0.9, 2.0), row(0.7, 0.5, 2.0, 2)]
    assert front(rows) == [rows[0], rows[1], rows[4]]
    assert front([]) == []
    assert fitness(row(0.9, 2.0)) == 0.9 * 2.0 ** -0.07
    ordered = spread(front(rows))
    assert ordered[0] == max(front(rows), key=fitness)
    assert sorted(map(id, ordered)) == sorted(map(id, front(rows)))
    crowd = [row(0.9, 1.0), row(0.901, 1.01), row(0.5, 0.001)]
    assert spread(crowd)[1] is crowd[2]


def test_members_that_beat_each_other_are_followed_by_more(space, tmp_path, monkeypatch):
    """Two are one circuit, one has no room, one is not its integers: others are confirmed too."""
    rows = found(space, tmp_path / "a", Sequential(), trials=11)
    best = [each["trial"] for each in spread(front([e for e in rows if "reason" not in e]))]
    seen = []

    def measured(space, point, data_dir, folder):
        number = int(folder.split("trial")[-1].split("/")[0])
        seen.append(number)
        if number == best[2]:
            return {"point": dict(point), "reason": "no room"}
        equal = {"values_compared": 9, "mismatches": int(number == best[3])}
        return {"point": dict(point), **equal, **(
            row(0.9, 1.0) if number in best[:2] else row(0.9 - number / 99, 1 - number / 99))}

    monkeypatch.setattr("spikeloom.explore.search.confirm", measured)
    for _ in range(2):
        got = confirm_front(space, rows, Sequential(), 3, Clock(None), None, tmp_path / "k")
    assert len(front([each for each in got if proven(each)])) == 3
    assert set(best[:4]) < {each["trial"] for each in got} == set(seen) and len(got) == len(seen)
    assert [each["trial"] for each in got if broken(each)] == [best[3]]


def test_a_dead_worker_loses_its_task_alone():
    with Workers.opened({"kind": "local", "workers": 1}) as workers:
        results = dict(workers.run(os._exit, [(3,)]))
        assert isinstance(results.pop(0), KilledWorker) and not results
        assert dict(workers.run(max, [(1, 2), (4, 3)])) == {0: 2, 1: 4}


def test_workers_that_do_not_come_are_not_waited_for(monkeypatch):
    with pytest.raises(OSError, match="workers of a local cluster did not start in time"):
        open_cluster({"kind": "local", "workers": 1, "options": {"death_timeout": 0.1}})
    monkeypatch.setattr("spikeloom.explore.workers.START", 2)
    with Workers.opened({"kind": "local", "workers": 1}) as workers:
        workers.client.retire_workers()
        with pytest.raises(OSError, match="All workers died, and no new one could be started"):
            list(workers.run(max, [(1, 2)]))


def test_slurm_by_configuration_alone(tmp_path, monkeypatch):
    """A stand-in for `sbatch` runs the job that Dask writes: its worker does the work."""
    (tmp_path / "sbatch").write_text(
        # Dask removes its file as soon as this returns: the job runs from a copy.
        f"#!/bin/sh\ncp \"$1\" {tmp_path}/job\nsh {tmp_path}/job >{tmp_path}/log 2>&1 &\n"
        "echo Submitted batch job $!\n")
    (tmp_path / "scancel").write_text("#!/bin/sh\nkill $1\n")
    for name in ("sbatch", "scancel"):
        (tmp_path / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "cluster.toml").write_text(
        'kind = "slurm"\nworkers = 1\n[options]\nqueue = "batch"\ncores = 1\nmemory = "1GB"\n'
        f'interface = "lo"\nlog_directory = "{tmp_path}"\n')
    with Workers.opened(read_cluster(tmp_path / "cluster.toml")) as workers:
        assert dict(workers.run(max, [(1, 2)])) == {0: 2}
    assert "#SBATCH -p batch" in (tmp_path / "job").read_text()


@pytest.mark.parametrize(("text", "message"), [
    ('kind = "pbs"', "kind must be one of local, slurm, lsf, not 'pbs'"),
    ('kind = "local"\nworkers = 0', "workers must be at least 1, not 0"),
    ('kind = "local"\nworkers = 1\nqueue = "x"', "unknown entry 'queue'"),
    ("kind", "is no TOML"),
])
def test_clusters_that_are_none(tmp_path, text, message):
    (tmp_path / "cluster.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_cluster(tmp_path / "cluster.toml")


def test_a_cluster_without_its_command_is_refused_at_once():
    with pytest.raises(ValueError, match="A lsf cluster needs 'bsub', which is not on this mac"):
        open_cluster({"kind": "lsf", "workers": 1})


@pytest.mark.parametrize(("old", "new", "message"), [
    ("dim = [8]", "dim = [9]", "axis 'dim' has 9, which the supernet lacks; it has 8, 16"),
    ("dim = [8]", "dim = []", "axis 'dim' has no values"),
    ("dim = [8]", "width = [8]", "there is no axis 'width'; there are steps, dim"),
    ("bits_mlp = [3, 4]", "bits_mlp = [5]", "'bits_mlp' must be of 2, 3, 4, 8, not 5"),
    ("slack = [1, 2]", "slack = [0.5]", "slack must be at least 1, not 0.5"),
    ('"ulx3s-12f"', '"ulx9"', "ulx9"),
    ("population = 4", "population = 1", "population must be at least 2, not 1"),
    ("population = 4", "popular = 4", "unknown entry 'popular'|lacks 'population'"),
    ('"digits-supernet"', '"x"', "there is no supernet 'x'"),
    ("epochs = 1\n", "", "missing 1 required .*'epochs'"),
    ("[trial]", "[trial", "no description of a search"),
])
def test_spaces_that_are_none(tmp_path, old, new, message):
    assert old in spaces.TINY
    (tmp_path / "mine.toml").write_text(spaces.TINY.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_space(str(tmp_path / "mine.toml"))


def test_shipped_spaces_are_read_and_an_unknown_one_lists_them():
    assert read_space("fashion").axes["depth"] == (1, 2)
    assert read_space("digits").confirm.images == 360
    with pytest.raises(ValueError, match="no space 'x', and no such file; there are digits, fash"):
        read_space("x")

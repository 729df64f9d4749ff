"""Who does the work: processes of this machine, or jobs of a cluster, by configuration alone."""

import logging
import os
import shutil
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask.config
from dask_jobqueue.lsf import LSFCluster
from dask_jobqueue.slurm import SLURMCluster
from distributed import Client, KilledWorker, LocalCluster, as_completed
from distributed.deploy.cluster import Cluster
from distributed.scheduler import NoWorkerError

__all__ = ["CLUSTERS", "Workers", "open_cluster", "read_cluster"]

CLUSTERS: dict[str, Callable[..., Cluster]] = {
    "local": LocalCluster, "slurm": SLURMCluster, "lsf": LSFCluster}

SUBMIT = {"slurm": "sbatch", "lsf": "bsub"}
"""What hands a job to the cluster."""

START = 120
"""Seconds that a process of this machine may take to become a worker; a queue may take hours."""

LOCAL = {"threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0",
         "silence_logs": logging.ERROR, "death_timeout": START,
         # a worker near its limit would rest for ever, with what it was to do
         "memory_limit": None}

DEATHS = 1
"""Deaths of workers that a task survives: of the next one it is taken to be the reason."""


def read_cluster(path: Path) -> dict[str, Any]:
    """The description of a cluster, a TOML file.

    ``kind`` is ``local``, ``slurm`` or ``lsf``; ``workers`` how many there are to be; the table
    ``options`` goes to Dask's class as it is, see dask-jobqueue's documents. Raises
    FileNotFoundError without the file, ValueError for another content.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no cluster file {path}")
    try:
        found = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML: {error}") from error
    if found.get("kind") not in CLUSTERS:
        raise ValueError(f"{path}: kind must be one of {', '.join(CLUSTERS)}, not "
                         f"{found.get('kind')!r}")
    if unknown := set(found) - {"kind", "workers", "options"}:
        raise ValueError(f"{path} has an unknown entry {min(unknown)!r}; there are kind, workers "
                         "and options")
    if not isinstance(found.get("workers"), int) or found["workers"] < 1:
        raise ValueError(f"{path}: workers must be at least 1, not {found.get('workers')!r}")
    return found


def open_cluster(description: dict[str, Any]) -> Cluster:
    """Start what :func:`read_cluster` has read.

    Raises ValueError for options that Dask refuses, OSError when its processes do not start.
    """
    kind, count = description["kind"], description["workers"]
    options = dict(description.get("options", {}))
    if kind == "local":
        options = {**LOCAL, **options, "n_workers": count}
    elif shutil.which(SUBMIT[kind]) is None:
        raise ValueError(f"A {kind} cluster needs {SUBMIT[kind]!r}, which is not on this machine's "
                         "path: run where jobs are submitted")
    try:
        cluster = CLUSTERS[kind](**options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"A {kind} cluster does not take these options: {error}") from error
    except (AssertionError, RuntimeError, TimeoutError) as error:
        raise OSError(f"The workers of a {kind} cluster did not start in time: {error!r}"
                      ) from error
    if kind != "local":
        cluster.scale(count)
    return cluster


class Workers:
    """Runs functions of plain values, as many at once as there are workers."""

    def __init__(self, client: Client, count: int):
        self.client, self.count = client, count

    @classmethod
    @contextmanager
    def opened(cls, description: dict[str, Any] | None = None) -> Iterator["Workers"]:
        """Workers of a cluster's description; without one, a process for each processor."""
        found = description or {"kind": "local", "workers": os.cpu_count() or 1}
        rules: dict[str, Any] = {"distributed.scheduler.allowed-failures": DEATHS}
        if found["kind"] == "local":
            rules["distributed.scheduler.no-workers-timeout"] = START
        with (dask.config.set(rules), open_cluster(found) as cluster, Client(cluster) as client):
            yield cls(client, found["workers"])

    def run(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]],
            wanted: Callable[[], bool] = lambda: True) -> Iterator[tuple[int, Any]]:
        """Number and result of each task, as they are done; a :exc:`KilledWorker` is a result.

        No task begins once ``wanted`` says no; those that have begun are finished. Raises OSError
        when no process of this machine could replace the workers that died.
        """
        waiting = iter(enumerate(tasks))
        numbers = {}
        running = as_completed()

        def start() -> None:
            if wanted() and (task := next(waiting, None)) is not None:
                future = self.client.submit(function, *task[1], pure=False)
                numbers[future.key] = task[0]
                running.add(future)

        for _ in range(self.count):
            start()
        for future in running:
            try:
                result = future.result()
            except KilledWorker as death:
                result = death
            except NoWorkerError as error:
                raise OSError("All workers died, and no new one could be started: the machine "
                              "may be out of memory or processes") from error
            yield numbers[future.key], result
            start()

"""The study: points are drawn a generation at a time, and every finished trial is stored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from golden.supernet import extreme
from spikeloom.explore.front import OBJECTIVES, fitness, values
from spikeloom.explore.space import Space
from spikeloom.explore.trial import Row

__all__ = ["SAMPLERS", "Study"]

SAMPLERS = ("nsga2", "tpe", "evolution")
"""NSGA-II and a tree of Parzen estimators on all objectives, evolution on the fitness alone."""

JOURNAL = "study.journal"

GRACE = 30
"""Seconds after which a lock on the journal is taken to be that of a killed process."""

SEEDS = 100_003
"""Generations that have a seed of their own before those of the next seed begin."""


class Study:
    """What was tried and what to try next.

    A generation is drawn from all generations before it, in an order that no worker has an
    influence on: the same space, sampler and seed give the same trials, however many are judged at
    once, and whenever the search was killed. A trial is stored as soon as it is judged.

    Parameters
    ----------
    space : Space
    folder : Path
        Of the run; the study is a file in it unless there is a ``storage``.
    sampler : str
        One of :data:`SAMPLERS`.
    seed : int
    storage : str, optional
        URL of a database that several machines reach, as Optuna takes it.

    Raises ValueError for a study that was begun with another space, sampler or seed.
    """

    def __init__(self, space: Space, folder: Path, *, sampler: str = "nsga2", seed: int = 0,
                 storage: str | None = None):
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space, self.kind, self.seed = space, sampler, seed
        self.distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(choices) for name, choices in space.axes.items()}
        # Optuna's own choice, a link, is never given up where the folder's name is relative.
        journal = str(folder / JOURNAL)
        home: str | BaseStorage = storage or JournalStorage(
            JournalFileBackend(journal, JournalFileOpenLock(journal, GRACE)))
        self.study = optuna.create_study(storage=home, study_name=f"{space.name}-{folder.name}",
                                         directions=self._directions, load_if_exists=True)
        identity = {"axes": {name: list(choices) for name, choices in space.axes.items()},
                    "population": space.population, "sampler": sampler, "seed": seed,
                    "supernet": space.supernet, "trial": vars(space.trial)}
        known = self.study.user_attrs.get("identity")
        if known is None:
            self.study.set_user_attr("identity", identity)
        elif known != identity:
            other = next(name for name in identity if known.get(name) != identity[name])
            raise ValueError(f"{folder} holds a study with another {other}: "
                             f"{known.get(other)}; name another folder, or remove it")

    @property
    def _directions(self) -> list[StudyDirection]:
        return [StudyDirection.MAXIMIZE] if self.kind == "evolution" else [
            StudyDirection.MAXIMIZE if more else StudyDirection.MINIMIZE
            for more in OBJECTIVES.values()]

    @property
    def finished(self) -> dict[int, FrozenTrial]:
        """The trials that were judged, by number."""
        found = {int(trial.user_attrs["number"]): trial for trial in self.study.get_trials()}
        return dict(sorted(found.items()))

    @property
    def rows(self) -> list[Row]:
        """What is known of them, in the order of their numbers."""
        return [{"trial": number, **trial.user_attrs["row"]}
                for number, trial in self.finished.items()]

    def draw(self, generation: int) -> list[FrozenTrial]:
        """The points of a generation; those of the first include both ends of the space.

        Raises ValueError when a generation before it is not finished.
        """
        start, size = generation * self.space.population, self.space.population
        before = [trial for number, trial in self.finished.items() if number < start]
        if len(before) < start:
            raise ValueError(f"Generation {generation} needs {start} trials before it, there are "
                             f"{len(before)}")
        # a copy in memory: what is drawn and not judged must leave no trace in the storage
        scratch = optuna.create_study(directions=self._directions,
                                      sampler=self._sampler(generation, before))
        scratch.add_trials(before)
        if generation == 0:
            for largest in (True, False):
                scratch.enqueue_trial(extreme(self.space.axes, largest))
        numbers = [scratch.ask(self.distributions).number for _ in range(size)]
        return [scratch.get_trials()[number] for number in numbers]

    def _sampler(self, generation: int, before: list[FrozenTrial]) -> BaseSampler:
        seed, size = self.seed * SEEDS + generation, self.space.population
        if self.kind == "tpe":
            return TPESampler(seed=seed, n_startup_trials=size)
        good = [sum(trial.state is TrialState.COMPLETE for trial in before[i:i + size])
                for i in range(0, len(before), size)]
        # Optuna counts only trials that are circuits: a generation that has fewer is whole too
        return NSGAIISampler(seed=seed, population_size=max(2, min(good, default=size)))

    def store(self, number: int, drawn: FrozenTrial, row: Row) -> None:
        """Keep a trial that was judged."""
        good = "reason" not in row
        figures = ([fitness(row)] if self.kind == "evolution" else values(row)) if good else None
        attributes: Mapping[str, Any] = {"number": number, "row": row}
        self.study.add_trial(create_trial(
            state=TrialState.COMPLETE if good else TrialState.FAIL, values=figures,
            params=drawn.params, distributions=drawn.distributions,
            system_attrs=drawn.system_attrs, user_attrs=dict(attributes)))

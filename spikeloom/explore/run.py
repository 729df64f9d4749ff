"""`explore` in full: search, confirmation, and the documents that tell of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spikeloom.explore.confirm import broken, proven
from spikeloom.explore.front import EXPONENT, OBJECTIVES, fitness, front
from spikeloom.explore.search import Clock, confirm_front, search
from spikeloom.explore.space import Space
from spikeloom.explore.study import Study
from spikeloom.explore.trial import Row, pictures
from spikeloom.explore.workers import Workers
from spikeloom.report import FRONT, write_report, write_whole

__all__ = ["run"]

Say = Callable[[str, Row], None]


def run(space: Space, folder: Path, *, trials: int, minutes: float | None = None,
        confirm_minutes: float | None = None, members: int = 5, sampler: str = "nsga2",
        seed: int = 0, cluster: dict[str, Any] | None = None, storage: str | None = None,
        data_dir: str | Path | None = None, say: Say = lambda stage, row: None) -> dict[str, Any]:
    """Search a space and confirm the front; what a run of ``folder`` has done is not done again.

    Returns, and writes to ``front.json``, all trials with estimated circuits, all that was
    confirmed, and of that the ``front``, with measured circuits. Raises ValueError for a folder
    of another study, or when no trial is a circuit.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    data = None if data_dir is None else str(Path(data_dir).absolute())
    pictures(space.supernet, data)
    study = Study(space, folder, sampler=sampler, seed=seed, storage=storage)
    with Workers.opened(cluster) as workers:
        searching = Clock(minutes)
        rows = search(study, workers, trials, searching, data, lambda row: say("trial", row))
        good = [row for row in rows if "reason" not in row]
        if rows and not good:
            raise ValueError(f"None of {len(rows)} trials is a circuit; the first: "
                             f"{rows[0]['reason']}")
        searched, confirming = searching.passed, Clock(confirm_minutes)
        confirmed = confirm_front(space, good, workers, members, confirming, data,
                                  folder / "confirmed",
                                  lambda row: say("confirmed", row)) if members else []
    for row in (*good, *(row for row in confirmed if "reason" not in row)):
        row |= {"name": f"trial {row['trial']}", "fitness": fitness(row)}
    result = {
        "space": space.name, "supernet": space.supernet, "sampler": sampler, "seed": seed,
        "objectives": dict(OBJECTIVES), "fitness": f"accuracy * (energy_uj / 1 uJ) ** {EXPONENT}",
        "search_minutes": searched, "confirm_minutes": confirming.passed,
        "unproven": sum(broken(row) for row in confirmed),
        "front": front([row for row in confirmed if proven(row)]),
        "confirmed": confirmed, "trials": rows, "report": None,
    }
    write_whole(folder / FRONT, json.dumps(result, indent=1) + "\n")
    if result["front"]:
        result["report"] = str(write_report(folder))
    return result

"""The search, generation by generation, and the confirmation of what it found."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from distributed import KilledWorker

from spikeloom.explore.confirm import confirm, proven
from spikeloom.explore.front import front, spread
from spikeloom.explore.space import Space
from spikeloom.explore.study import Study
from spikeloom.explore.trial import Row, judge
from spikeloom.explore.workers import Workers
from spikeloom.report import write_whole

__all__ = ["Clock", "confirm_front", "search"]

Judge = Callable[[Space, Mapping[str, Any], str | None], Row]
Say = Callable[[Row], None]


class Clock:
    """Minutes that are left; None is for ever."""

    def __init__(self, minutes: float | None):
        self.started, self.minutes = time.monotonic(), minutes

    @property
    def passed(self) -> float:
        return (time.monotonic() - self.started) / 60

    def runs(self) -> bool:
        return self.minutes is None or self.passed < self.minutes


def search(study: Study, workers: Workers, trials: int, clock: Clock, data_dir: str | None,
           say: Say = lambda row: None, judging: Judge | None = None) -> list[Row]:
    """Judge trials up to number ``trials``, or until the clock ends; those there are stay.

    A design that was judged already is not judged again; ``judging`` stands in for
    :func:`spikeloom.explore.trial.judge`. Returns what is known of all trials.
    """
    size = study.space.population
    for generation in range(-(-trials // size)):
        numbers = range(generation * size, min((generation + 1) * size, trials))
        if set(numbers) <= set(study.finished):
            continue
        if not clock.runs() or not _judge_generation(study, workers, generation, numbers, clock,
                                                     data_dir, say, judging or judge):
            break
    return study.rows


def _judge_generation(study: Study, workers: Workers, generation: int, numbers: range,
                      clock: Clock, data_dir: str | None, say: Say, judging: Judge) -> bool:
    """Whether all trials of the numbers are finished now."""
    drawn = dict(zip(range(numbers.start, numbers.start + study.space.population),
                     study.draw(generation), strict=True))
    known = {_key(study.space, row["point"]): row for row in study.rows}
    groups: dict[str, list[int]] = {}
    for number in sorted(set(numbers) - set(study.finished)):
        groups.setdefault(_key(study.space, drawn[number].params), []).append(number)

    def store(key: str, row: Row) -> None:
        for number in groups.pop(key):
            mine = {**row, "trial": number, "point": dict(drawn[number].params)}
            study.store(number, drawn[number], mine)
            say(mine)

    for key in [key for key in groups if key in known]:
        store(key, known[key])
    keys = list(groups)
    tasks = [(study.space, drawn[groups[key][0]].params, data_dir) for key in keys]
    for i, found in workers.run(judging, tasks, clock.runs):
        store(keys[i], {"reason": "its worker died"} if isinstance(found, KilledWorker)
              else found)
    return not groups


def _key(space: Space, point: Mapping[str, Any]) -> str:
    return json.dumps(space.design(point), sort_keys=True)


def confirm_front(space: Space, rows: list[Row], workers: Workers, members: int, clock: Clock,
                  data_dir: str | None, folder: Path,
                  say: Say = lambda row: None) -> list[Row]:
    """Confirm the front of ``rows`` until ``members`` of those confirmed are a front again.

    Further trials follow where measured circuits beat each other, cannot be placed or do not
    equal their integers. What was confirmed before, in ``folder``, is found there again. Returns
    all that was confirmed, in the order of trials.
    """
    waiting = _candidates(space, rows)
    confirmed: dict[int, Row] = {}
    while (missing := members - len(front(_proven(confirmed)))) > 0 and waiting and clock.runs():
        batch, waiting = waiting[:missing], waiting[missing:]
        places = {row["trial"]: folder / f"trial{row['trial']:04d}" for row in batch}
        fresh = []
        for row in batch:
            kept = _kept(places[row["trial"]], space)
            if kept is None:
                fresh.append(row)
            else:
                confirmed[row["trial"]] = kept
                say(kept)
        tasks = [(space, row["point"], data_dir, str(places[row["trial"]] / "rtl"))
                 for row in fresh]
        for i, found in workers.run(confirm, tasks, clock.runs):
            number = fresh[i]["trial"]
            if isinstance(found, KilledWorker):
                found = {"point": fresh[i]["point"], "reason": "its worker died"}
            confirmed[number] = {"trial": number, **found}
            _keep(places[number], space, confirmed[number])
            say(confirmed[number])
    return [confirmed[number] for number in sorted(confirmed)]


def _candidates(space: Space, rows: list[Row]) -> list[Row]:
    """The front in an order that covers it, then what is the front without it, and so on."""
    left = list({_key(space, row["point"]): row for row in reversed(rows)
                 if "reason" not in row}.values())[::-1]
    found: list[Row] = []
    while left:
        layer = front(left)
        found += spread(layer)
        chosen = {row["trial"] for row in layer}
        left = [row for row in left if row["trial"] not in chosen]
    return found


def _proven(confirmed: Mapping[int, Row]) -> list[Row]:
    return [row for row in confirmed.values() if proven(row)]


CONFIRMED = "confirmed.json"


def _keep(place: Path, space: Space, row: Row) -> None:
    document = {"rules": vars(space.confirm), "row": row}
    write_whole(place / CONFIRMED, json.dumps(document, indent=1) + "\n")


def _kept(place: Path, space: Space) -> Row | None:
    """What was confirmed by the same rules before."""
    if not (place / CONFIRMED).is_file():
        return None
    document = json.loads((place / CONFIRMED).read_text())
    return document["row"] if document["rules"] == vars(space.confirm) else None

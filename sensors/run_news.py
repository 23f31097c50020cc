"""What the events of a run mean for each label task."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from sambodhan_assets.domain.run_summary import Ending, TaskNews
from sambodhan_assets.label_tasks import EMBEDDING

_ENDINGS = {"HOLD": Ending.HOLD, "REJECT": Ending.REJECTED}
# Stands where nothing was deployed.
_BROUGHT_UP = "brought up again"
# In the metadata of a dataset version that an earlier run published and this one goes on with.
UNCHANGED = "nothing changed since"
# Of an asset's metadata only these are told: none of them holds a complaint's text.
_TOLD = {
    "dataset_version": {"tag": "dataset version", "parent": "version before it"},
    "evaluation": {
        "in plain numbers": "in plain numbers",
        "sheet to fill in": "sheet to fill in",
        "what to do next": "what to do next",
        "rivals": "rivals",
        "decision record": "decision record",
    },
    "deployed_tag": {
        "deployed": "serves now",
        "replaced": "replaced",
        _BROUGHT_UP: "started anew, because",
    },
}
_SCORES = ("macro-F1 of the ", "accuracy@1 of the ")
_GATES = ("F1_GATE", "RETRIEVAL_GATE")

# Stage -> metadata of what it made.
Made = dict[str, dict[str, Any]]


def news_of(events: Sequence[dg.DagsterEvent], *, rolled_back: bool) -> tuple[TaskNews, ...]:
    """One piece of news per task that the run prepared, decided, deployed or skipped.

    Args:
        events: The events of one run, in order.
        rolled_back: Its job goes back to an earlier version.
    """
    kinds = dg.DagsterEventType
    made: dict[str, Made] = {}
    stopped: dict[str, str] = {}
    for event in events:
        if event.event_type == kinds.ASSET_MATERIALIZATION:
            seen = event.step_materialization_data.materialization
            _note(made, seen.asset_key, seen.metadata)
        elif event.event_type == kinds.ASSET_OBSERVATION:
            seen = event.asset_observation_data.asset_observation
            task = _note(made, seen.asset_key, {})
            stopped[task] = _sentence(seen.metadata)
        elif event.event_type == kinds.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            task = _note(made, check.asset_key, {})
            if check.check_name in _GATES:
                made[task]["gate"] = dict(check.metadata)
            elif check.blocking and not check.passed:
                stopped[task] = check.description or check.check_name
    found = [_news(task, stages, stopped.get(task), rolled_back) for task, stages in made.items()]
    return tuple(news for news in found if news is not None)


def _note(made: dict[str, Made], key: dg.AssetKey, metadata: Any) -> str:  # noqa: ANN401
    task, stage = key.path[0], key.path[-1]
    stages = made.setdefault(task, {})
    if metadata:
        stages[stage] = dict(metadata)
    return task


def _sentence(metadata: Mapping[str, Any]) -> str:
    """What a stage says that stopped early; names of settings keep their capitals."""
    said = ", ".join(f"{name} {value.value}" for name, value in metadata.items()).rstrip(".")
    return f"{said[:1].upper()}{said[1:]}."


def _news(task: str, made: Made, stopped: str | None, rolled_back: bool) -> TaskNews | None:
    brought_up = _told(made, "deployed_tag", _BROUGHT_UP) is not None
    if "gate" in made and "evaluation" in made:
        verdict = str(made["gate"]["verdict"].value)
        moved = "deployed_tag" in made and not brought_up
        deployed = Ending.ACCEPTED if moved else Ending.NOT_DEPLOYED
        ending = _ENDINGS.get(verdict, deployed)
        headline = str(made["evaluation"]["verdict"].value)
    elif "deployed_tag" in made:
        told = Ending.BROUGHT_UP if brought_up else Ending.ACCEPTED
        ending = Ending.ROLLED_BACK if rolled_back else told
        headline = f"{made['deployed_tag']['deployed'].value} serves now."
    elif "dataset_version" in made:
        again = _told(made, "dataset_version", UNCHANGED)
        ending = Ending.SKIPPED if stopped or again else Ending.PREPARED
        count = made["dataset_version"]["dagster/row_count"].value
        counted = f"{count:,} {'pairs' if task == EMBEDDING.name else 'rows'}"
        headline = f"{made['dataset_version']['tag'].value} is published, {counted}."
        if again:
            headline = f"Nothing changed since {again}; nothing was published."
        headline += f" {stopped}" if stopped else ""
    elif stopped is not None:
        ending, headline = Ending.SKIPPED, f"{stopped} Nothing was published or deployed."
    else:
        return None
    return TaskNews(
        task=task,
        ending=ending,
        headline=headline,
        facts=_facts(made),
        commands=_commands(task, made),
        dataset_tag=_told(made, "dataset_version", "tag"),
        model_tag=None if brought_up else _told(made, "deployed_tag", "deployed"),
    )


def _told(made: Made, stage: str, name: str) -> str | None:
    found = made.get(stage, {}).get(name)
    return None if found is None else str(found.value)


def _commands(task: str, made: Made) -> tuple[tuple[str, str], ...]:
    """What people type next: after a sheet is filled in, or to undo what was deployed."""
    sheet, back = (
        _told(made, "evaluation", "sheet to fill in"),
        _told(made, "deployed_tag", "go back"),
    )
    found: list[tuple[str, str]] = []
    if sheet is not None:
        job = f"dagster job execute -m sambodhan_assets.definitions -j decide_{task}"
        found += [
            ("when the sheet is filled in, run", f"sambodhan load audits {shlex.quote(sheet)}"),
            ("and then", job),
        ]
    if back is not None:
        found.append(("to go back, run", back))
    return tuple(found)


def _facts(made: Made) -> tuple[tuple[str, str], ...]:
    facts: list[tuple[str, str]] = []
    for stage, names in _TOLD.items():
        found = made.get(stage, {})
        facts += [(shown, str(found[name].value)) for name, shown in names.items() if name in found]
        facts += [
            (name, "not measured" if value.value is None else f"{value.value:.3f}")
            for name, value in found.items()
            if name.startswith(_SCORES)
        ]
    return tuple(facts)

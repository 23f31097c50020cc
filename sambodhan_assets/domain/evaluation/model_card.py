"""README.md of a deployed model: every number in it stands in the decision record."""

import json
from dataclasses import dataclass
from typing import Any

from sambodhan_assets.domain.card_text import card_text, inline, markdown_table
from sambodhan_assets.domain.gate.decision_record import DecisionRecord
from sambodhan_assets.domain.gate.wording import points
from sambodhan_assets.domain.models.calibration import calibration_of
from sambodhan_assets.domain.models.linear import FAMILY as LINEAR
from sambodhan_assets.domain.models.redacting import redacts
from sambodhan_assets.domain.models.training_record import TrainingRecord

_TAGS = ["complaints", "grievances", "nepal", "sambodhan"]


@dataclass(frozen=True, kw_only=True)
class DatasetSource:
    """Where a model's training rows can be read.

    Attributes:
        name: Repository, with the account where it stands on a Hub.
        tag: Version.
        commit: Commit of that tag; None outside of a Hub.
    """

    name: str
    tag: str
    commit: str | None


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """What the card tells beside the two records.

    Attributes:
        name: Model repository, with the account where it stands on a Hub.
        tag: Version.
        dataset: What the model was trained on.
        base_model: Hub id of the checkpoint; None for any other start.
        license: The Hub's identifier; None names none.
        on_hub: Whether it is read by its name; else it is a folder.
    """

    name: str
    tag: str
    dataset: DatasetSource
    base_model: str | None
    license: str | None
    on_hub: bool


def model_card(source: ModelSource, decision: DecisionRecord, training: TrainingRecord) -> str:
    """The card of one version.

    Args:
        source: Names and revisions.
        decision: The decision that deployed it; gives all scores.
        training: How it was trained; gives the calibration.
    """
    return card_text(_header(source, decision, training), _body(source, decision, training))


def _header(
    source: ModelSource, decision: DecisionRecord, training: TrainingRecord
) -> dict[str, Any]:
    linear = training.family == LINEAR
    header: dict[str, Any] = {
        "language": ["ne", "en"],
        # The linear weights are arrays in a skops file and no estimator of scikit-learn.
        "library_name": "skops" if linear else "transformers",
        "pipeline_tag": "text-classification",
        "tags": _TAGS,
        "datasets": [source.dataset.name],
        "metrics": ["f1", "accuracy"],
    }
    if source.license is not None:
        header["license"] = source.license
    if source.base_model is not None:
        header["base_model"] = source.base_model
    if decision.candidate.test_split is not None:
        header["model-index"] = [{"name": source.name, "results": [_result(source, decision)]}]
    return header


def _result(source: ModelSource, decision: DecisionRecord) -> dict[str, Any]:
    """The scores on the test split, in the shape of Papers with Code that the Hub reads."""
    dataset, scored = source.dataset, decision.candidate.test_split
    assert scored is not None
    arguments = {} if dataset.commit is None else {"args": {"commit": dataset.commit}}
    return {
        "task": {"type": "text-classification", "name": f"Complaints by {decision.task}"},
        "dataset": {
            "type": dataset.name,
            "name": dataset.name,
            "split": "test",
            "revision": dataset.tag,
            **arguments,
        },
        "metrics": [
            {"type": "f1", "name": "macro-F1", "value": round(scored.card.macro_f1, 4)},
            {"type": "accuracy", "name": "accuracy", "value": round(scored.card.accuracy, 4)},
        ],
    }


def _body(source: ModelSource, decision: DecisionRecord, training: TrainingRecord) -> str:
    rows = training.training_rows
    trained = "" if rows is None else f" on {rows:,} rows"
    commit = "" if source.dataset.commit is None else f" (commit `{source.dataset.commit}`)"
    return "\n\n".join(
        [
            f"# {inline(source.name)}",
            f"Version `{source.tag}`. Sorts citizens' grievances, in Nepali and English, by "
            f"{inline(decision.task)}. A {inline(training.family)} model, trained{trained} of "
            f"`{source.dataset.name}` at `{source.dataset.tag}`{commit}.",
            "## Verdict",
            f"**{decision.verdict.name}** ({decision.created_at}, policy "
            f"{decision.settings.policy}): {inline(decision.verdict.reason)} {_compared(decision)}",
            "## Labels and scores",
            _label_table(decision),
            _score_table(decision),
            "The rows of the test split resemble no row of training. Traffic is what the deployed "
            "version answered; a complaint to whose answer nobody objected counts with that "
            "answer. ± is one standard error.",
            "## Calibration",
            f"Probabilities: {inline(calibration_of(training).sentence)}",
            "## Limits",
            _limits(training),
            "## Load it",
            _loading(source, training),
            "## Go back",
            f"`sambodhan rollback {decision.task}` lets the version serve again that this one "
            f"replaced; `--to TAG` names another. Every version stays under its tag.",
        ]
    )


def _compared(decision: DecisionRecord) -> str:
    if decision.deployed is None:
        return "Nothing was deployed before it."
    text = f"It was compared with `{decision.deployed.tag}`."
    if decision.comparison is None:
        return text
    interval = decision.comparison.interval
    return (
        f"{text} Gain in macro-F1: {points(decision.comparison.gain, signed=True)} points of 100, "
        f"with 5 and 95 % bounds of {points(interval.lower_05, signed=True)} and "
        f"{points(interval.upper_95, signed=True)}."
    )


def _label_table(decision: DecisionRecord) -> str:
    scored = decision.candidate.test_split
    rows = [
        [place, label]
        if scored is None
        else [place, label, points(scored.card.f1[place]), f"{scored.card.support[place]:.0f}"]
        for place, label in enumerate(decision.labels)
    ]
    heading = ["id", "label", "F1 on the test split", "rows"]
    return markdown_table(heading if scored else heading[:2], rows)


def _score_table(decision: DecisionRecord) -> str:
    test, window = decision.candidate.test_split, decision.candidate.window
    rows: list[list[object]] = []
    if test is not None:
        error = f"{points(test.card.macro_f1)} ± {points(test.standard_error)}"
        rows.append(["test split", error, points(test.card.accuracy), test.card.n])
    if window is not None:
        rows.append(["traffic", points(window.macro_f1), points(window.accuracy), window.n])
    shown = rows or [["none", "not measured", "not measured", 0]]
    return markdown_table(["scored on", "macro-F1 of 100", "accuracy of 100", "rows"], shown)


def _limits(training: TrainingRecord) -> str:
    read = training.hyperparameters.get("max_length")
    cut = [] if read is None else [f"- It reads the first {read} tokens of a text."]
    lines = [
        "- It knows the labels above and gives one of them to any text, also to one that is no "
        "complaint.",
        "- It learned from complaints of one administration in Nepali and English. Other "
        "languages, other offices and other duties lie outside of what was measured.",
        _personal_data(training),
        *cut,
        "- Texts have to be cleaned as in training (`clean_text`); its answer is a proposal that "
        "officials correct.",
    ]
    return "\n".join(lines)


def _personal_data(training: TrainingRecord) -> str:
    if redacts(training):
        return (
            "- Its training texts were redacted: placeholders such as `[PHONE]` stand for e-mail "
            "addresses, phone numbers, numbers of documents, accounts and cards, links with "
            "tokens, and positions. `load_classifier` gives it texts in this form. Names of "
            "people are outside of what the redactor finds; they are words to it like all others."
        )
    return (
        "- Names, numbers and places in a text are words to it like all others: it neither checks "
        "nor hides them."
    )


def _loading(source: ModelSource, training: TrainingRecord) -> str:
    named = f"{json.dumps(source.name)}, revision={json.dumps(source.tag)}"
    place = named if source.on_hub else '"path/of/this/folder"'
    folder = f"snapshot_download({place})" if source.on_hub else place
    imported = ["from huggingface_hub import snapshot_download"] if source.on_hub else []
    ours = [
        "```python",
        *["from pathlib import Path", "", *imported],
        "from sambodhan_assets.domain.models.classifier import load_classifier",
        "",
        f"model = load_classifier(Path({folder}))",
        'model.predict_proba(["The water pipe has burst."])',
        "```",
    ]
    plain = [
        "",
        "Or without this platform; the answers to texts without personal data are the same, their "
        "probabilities are not calibrated:",
        "",
        "```python",
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
        "",
        f"model = AutoModelForSequenceClassification.from_pretrained({place})",
        f"tokenizer = AutoTokenizer.from_pretrained({place})",
        "```",
    ]
    return "\n".join(ours if training.family == LINEAR else [*ours, *plain])

"""The thresholds of a QA report: defaults, and other limits from the configuration."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.qa.verdicts import Bound, Severity, Threshold


def _limit(
    metric: str,
    section: str,
    limit: float,
    *,
    why: str,
    todo: str,
    bound: Bound = Bound.AT_MOST,
    severity: Severity = Severity.WARN,
) -> Threshold:
    return Threshold(
        metric=metric,
        section=section,
        bound=bound,
        limit=limit,
        severity=severity,
        why=why,
        todo=todo,
    )


DEFAULTS = (
    _limit(
        "personal_data_rows",
        "privacy",
        0,
        severity=Severity.ERROR,
        why="What a recogniser still finds in what is published can harm a person.",
        todo="Do not publish it: look at the rows listed under Privacy, and set PII_POLICY to"
        " redact or drop.",
    ),
    _limit(
        "empty_text_share",
        "quality",
        0,
        why="A text without a visible character says nothing of its label.",
        todo="Leave such rows out of the source.",
    ),
    _limit(
        "garbled_share",
        "quality",
        0.02,
        why="A model learns from damaged texts what no citizen writes.",
        todo="Look at the rows listed under Quality, and repair the encoding where they came from.",
    ),
    _limit(
        "exact_duplicate_share",
        "quality",
        0.01,
        why="A text that stands there twice counts as evidence twice.",
        todo="Leave the repeats out of their source.",
    ),
    _limit(
        "same_text_other_label_share",
        "quality",
        0.01,
        why="Of two labels of one text at most one is right.",
        todo="Decide which label is right, and correct the other in its source.",
    ),
    _limit(
        "near_duplicate_share",
        "quality",
        0.2,
        why="Forms and copied complaints count as many and say one thing.",
        todo="Look where they come from; leave copies of one complaint out of the source.",
    ),
    _limit(
        "held_out_near_train_share",
        "quality",
        0.02,
        why="A model that learned a text by heart scores too well on its copy.",
        todo="Do not compare models on eval and test of this export before the copies are out.",
    ),
    _limit(
        "label_balance",
        "quality",
        0.05,
        bound=Bound.AT_LEAST,
        why="A label with a twentieth of the rows of another one is hardly learned.",
        todo="Label more complaints of the rarest label; the label shares under Quality name it.",
    ),
    _limit(
        "label_error_share",
        "quality",
        0.1,
        why="With one wrong label in ten, models that differ by less cannot be told apart.",
        todo="Have the rows listed under Quality labelled again, the surest ones first.",
    ),
    _limit(
        "out_of_fold_disagreement_share",
        "quality",
        0.4,
        why="Where a model often expects another label, labels do not follow from texts.",
        todo="Compare the suspected labels under Quality with the instructions for labelling.",
    ),
    _limit(
        "label_coherence",
        "quality",
        0.8,
        bound=Bound.AT_LEAST,
        why="Nearly equal texts should have equal labels.",
        todo="Have the contradicting rows listed under Quality labelled again; an export without"
        " near-duplicates has nothing to measure it on.",
    ),
    _limit(
        "crisis_threat_to_life_count",
        "safety",
        0,
        why="Somebody may be in danger now.",
        todo="Read each row listed under Safety, and hand it to who can help.",
    ),
    _limit(
        "crisis_self_harm_count",
        "safety",
        0,
        why="Somebody may be in danger now.",
        todo="Read each row listed under Safety, and hand it to who can help.",
    ),
    _limit(
        "crisis_flag_share",
        "safety",
        0.1,
        why="One complaint in ten about violence or disasters is an event, or a wrong lexicon.",
        todo="Read rows listed under Safety, and correct the terms that flag what is harmless.",
    ),
    _limit(
        "label_bias_worst",
        "bias",
        0.3,
        why="Where groups of texts have other labels, a model can learn the script instead of the"
        " complaint.",
        todo="Compare the label shares under Bias, and label more texts of the group.",
    ),
    _limit(
        "accuracy_gap_worst",
        "bias",
        0.1,
        why="The deployed model is wrong for one more citizen in ten of the worse-served group.",
        todo="See under Bias which group it is, and correct more of its complaints; where nothing"
        " is deployed, deploy first.",
    ),
    _limit(
        "psi_worst",
        "drift",
        0.2,
        why="Above 0.2 the rows are no longer those that earlier results were measured on.",
        todo="See under Drift what changed, and whether the world or a source did; a first export"
        " has nothing to compare with.",
    ),
    _limit(
        "malformed_share",
        "provenance",
        0.05,
        why="One row in twenty that cannot be understood is no slip: the file is of another form.",
        todo="Look at the source that most rows were left out of, and name its columns.",
    ),
)


def thresholds_with(
    limits: Mapping[str, float | None], defaults: Sequence[Threshold] = DEFAULTS
) -> tuple[Threshold, ...]:
    """The thresholds with other limits for some metrics.

    Args:
        limits: Limit by name of the metric; None takes the threshold away.
        defaults: Thresholds that are changed.

    Raises:
        PermanentError: A metric has no threshold, or a limit is no number.
    """
    known = sorted(threshold.metric for threshold in defaults)
    if unknown := sorted(set(limits) - set(known)):
        raise PermanentError(
            tried="Reading the thresholds of the QA report",
            found=f"there is no threshold for {', '.join(unknown)}.",
            todo=f"Name some of {', '.join(known)}.",
        )
    for metric, limit in limits.items():
        if limit is not None and not math.isfinite(limit):
            raise PermanentError(
                tried="Reading the thresholds of the QA report",
                found=f"the limit of {metric} is {limit}.",
                todo="Give a number, or null to take the threshold away.",
            )
    changed = {threshold.metric: threshold.limit for threshold in defaults} | dict(limits)
    return tuple(
        replace(threshold, limit=limit)
        for threshold in defaults
        if (limit := changed[threshold.metric]) is not None
    )

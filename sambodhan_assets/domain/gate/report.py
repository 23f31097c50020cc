"""The decision in words and tables, for people who know no statistics; never a complaint's text."""

from sambodhan_assets.domain.gate.decision_record import DecisionRecord, ModelFacts
from sambodhan_assets.domain.gate.examples import Example
from sambodhan_assets.domain.gate.findings_report import (
    exchange_part,
    guards_part,
    power_lines,
    reuse_lines,
    slices_part,
    warnings_part,
)
from sambodhan_assets.domain.gate.next_steps import next_step
from sambodhan_assets.domain.gate.policies import VerdictName
from sambodhan_assets.domain.gate.score_tables import (
    NOT_MEASURED,
    escape,
    f1_table_markdown,
    score_table_markdown,
)
from sambodhan_assets.domain.gate.split_score import SplitScore
from sambodhan_assets.domain.gate.wording import points

# A page is read to its end; the record holds every example.
SHOWN_EXAMPLES = 10

CONSEQUENCES = {
    VerdictName.PROMOTE: "The candidate is deployed.",
    VerdictName.BOOTSTRAP: "The candidate is deployed as the first version.",
    VerdictName.HOLD: "The deployed version keeps serving; the candidate waits.",
    VerdictName.REJECT: "Nothing changes; the candidate is not deployed.",
}


def verdict_sentence(record: DecisionRecord) -> str:
    """The verdict and its reason in one line, for a check, a mail or a log."""
    return f"{record.task} {record.candidate.tag}: {record.verdict.name}. {record.verdict.reason}"


def next_step_sentence(record: DecisionRecord) -> str:
    """What people should do after this decision."""
    return next_step(
        record.verdict,
        task=record.task,
        counts=record.comparison and record.comparison.counts,
        power=record.power,
        guards=record.guards,
        sheet=record.sheet,
        compared=record.not_compared is None,
    )


def summary_markdown(record: DecisionRecord) -> str:
    """The whole decision as a page: verdict, why, what to do next, then the numbers."""
    parts = [
        f"# {record.task}: {record.verdict.name}",
        f"{record.verdict.reason} {CONSEQUENCES[record.verdict.name]}",
        *_blocker_part(record),
        *warnings_part(record),
        "## What to do next",
        next_step_sentence(record),
        *exchange_part(record),
        *_gain_part(record),
        *guards_part(record),
        "## Scores per label",
        f1_table_markdown(record).rstrip(),
        "Macro-F1 is the mean of the F1 of all labels, rare ones counting as much as frequent"
        " ones; F1 is high only where few complaints of a label are missed and few others are"
        " taken for it.",
        score_table_markdown(record).rstrip(),
        *slices_part(record),
        "## Shown, never deciding",
        _shown_table(record),
        "## The published rule",
        _published_rule(record),
        *_example_part(record),
        "## What was compared, and how",
        _facts(record),
        _settings(record),
    ]
    return "\n\n".join(parts) + "\n"


def _facts(record: DecisionRecord) -> str:
    deployed, window = record.deployed, record.window
    lines = [
        f"- candidate: {_model(record.candidate)}, trained on dataset {record.dataset.tag}",
        f"- deployed version: {_model(deployed) if deployed else 'none'}",
        f"- decided: {record.created_at}, policy {record.settings.policy}",
    ]
    if window is not None:
        lines.append(
            f"- window: {window.rows:,} complaints compared, of them {window.corrections:,}"
            f" corrections, for {window.unflagged_population:,} complaints without one; predicted"
            f" by {'fold models' if record.evaluation == 'crossfit' else 'the candidate itself'}"
        )
    if window is not None and window.drawn_from is not None:
        lines.append(
            f"- the deployed version runs elsewhere: it was asked {window.rows:,} complaints that"
            f" stand for {window.drawn_from:,}, drawn at random"
        )
    return "\n".join(lines)


def _model(model: ModelFacts) -> str:
    return f"{model.tag} ({model.family}, {model.content_hash[:12]})"


def _blocker_part(record: DecisionRecord) -> list[str]:
    if not record.verdict.blockers:
        return []
    return ["## What stands in the way", "\n".join(f"- {b}" for b in record.verdict.blockers)]


def _gain_part(record: DecisionRecord) -> list[str]:
    comparison = record.comparison
    if comparison is None:
        return []
    counts, interval = comparison.counts, comparison.interval
    unlabelled = counts.disagreed_rows - counts.disagreed_labels
    measured = (
        "Gain in the worst case, for no disagreement has a label"
        if counts.disagreed_rows and not counts.disagreed_labels
        else "Measured gain"
    )
    lines = [
        f"- {measured}: {points(comparison.gain, signed=True)} points of 100.",
        *power_lines(record.power),
        f"- The true gain is above {points(interval.lower_05, signed=True)} in 95 of 100 cases"
        f" like this one, and below {points(interval.upper_95, signed=True)} in 95 of 100.",
        f"- The two answer {counts.disagreed_rows:,} complaints without a correction differently;"
        f" {unlabelled:,} of them have no label. If the deployed version is right on all of"
        f" those, the gain is {points(comparison.worst_gain, signed=True)}; if the candidate is,"
        f" {points(comparison.best_gain, signed=True)}.",
    ]
    return ["## How much better", "\n".join(lines)]


def _published_rule(record: DecisionRecord) -> str:
    verdict, scores = record.verdict.f1_delta_verdict, record.f1_delta
    if scores is None or verdict is None:
        return f"The scores that the rule f1_delta compares were {NOT_MEASURED}."
    return (
        f"The rule f1_delta would have said {verdict}: {points(scores.candidate_f1)} of 100 for"
        f" the candidate on the test rows of the correction pool, {points(scores.deployed_f1)} for"
        " the deployed version on its sample. On that pool the deployed version is wrong by"
        " construction, so this says little about which model is better."
    )


def _shown_table(record: DecisionRecord) -> str:
    deployed = record.deployed
    lines = ["| what | candidate | deployed version |", "|---|---|---|"]
    unlike = [record.candidate.unlike_training, deployed and deployed.unlike_training]
    lines.append(
        f"| test split | {_split(record.candidate.test_split)} |"
        f" {_split(deployed.test_split if deployed else None)} |"
    )
    if any(unlike):
        cells = " | ".join(_split(scored) for scored in unlike)
        lines.append(f"| rows unlike any in training | {cells} |")
    lines.append(f"| speed | {_speed(record.candidate)} | {_speed(deployed)} |")
    return "\n".join(lines)


def _split(scored: SplitScore | None) -> str:
    if scored is None:
        return NOT_MEASURED
    error = points(scored.standard_error)
    return f"{points(scored.card.macro_f1)} ± {error} ({scored.card.n:,} rows)"


def _speed(model: ModelFacts | None) -> str:
    if model is None or model.latency is None:
        return NOT_MEASURED
    return f"{model.latency.p50_ms:.1f} ms, 99 of 100 within {model.latency.p99_ms:.1f} ms"


def _example_part(record: DecisionRecord) -> list[str]:
    parts: list[str] = []
    if record.fixed:
        parts += ["## Fixed by the candidate", _example_table(record.fixed)]
    if record.broken:
        parts += ["## Broken by the candidate", _example_table(record.broken)]
    return parts


def _example_table(examples: tuple[Example, ...]) -> str:
    lines = ["| complaint | right label | candidate | deployed version |", "|---|---|---|---|"]
    for example in examples[:SHOWN_EXAMPLES]:
        truth = escape(example.truth) + (" (presumed)" if example.presumed else "")
        lines.append(
            f"| {example.complaint_id} | {truth} | {escape(example.candidate)} |"
            f" {escape(example.deployed)} |"
        )
    if more := len(examples) - SHOWN_EXAMPLES:
        lines += ["", f"The record holds {more:,} more."] if more > 0 else []
    return "\n".join(lines)


def _settings(record: DecisionRecord) -> str:
    settings, interval = record.settings, record.comparison and record.comparison.interval
    limit = settings.max_latency_ms
    lines = [
        f"- decision_threshold {settings.decision_threshold:g}, balanced_margin"
        f" {settings.balanced_margin:g}, bootstrap_min_f1 {settings.bootstrap_min_f1:g},"
        f" bootstrap_over_majority {settings.bootstrap_over_majority:g}, max_latency_ms"
        f" {'unset' if limit is None else f'{limit:g}'}",
        f"- seeds: {', '.join(f'{name} {seed}' for name, seed in record.seeds.items())}",
        f"- libraries: {', '.join(f'{n} {v}' for n, v in record.library_versions.items())}",
    ]
    if interval:
        lines.append(f"- bootstrap: {interval.replicates:,} replicates, seed {interval.seed}")
    lines += reuse_lines(record)
    return "\n".join(lines)

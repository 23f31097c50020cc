"""What to do after a decision, in sentences for those who do it."""

from collections.abc import Sequence

from sambodhan_assets.domain.gate.class_guard import LABEL_GUARD
from sambodhan_assets.domain.gate.estimator import CellCounts
from sambodhan_assets.domain.gate.evidence import GuardResult
from sambodhan_assets.domain.gate.policies import VerdictName
from sambodhan_assets.domain.gate.power import Need, Power, Stratum
from sambodhan_assets.domain.gate.verdict import FEWEST_COMPLAINTS, Verdict
from sambodhan_assets.domain.gate.wording import count_of

WAIT = "Nothing has to be done; more answered complaints and corrections bring the next candidate."
# Read in the UI, in mails and in `sambodhan status`, so it must not point at a place on a page.
BLOCKED = "The gain is large enough, but another condition fails; the verdict names it."


def next_step(
    verdict: Verdict,
    *,
    task: str,
    counts: CellCounts | None,
    power: Power | None,
    guards: Sequence[GuardResult] = (),
    sheet: str | None = None,
    compared: bool = True,
) -> str:
    """One or two sentences.

    Args:
        verdict: What was decided.
        task: Label task, which is part of the names of jobs.
        counts: Sizes of the window's cells; None where nothing was compared.
        power: What the window can show; None where it was not measured.
        guards: Further conditions, passed or not.
        sheet: Reference of the sheet of disagreements to label; None if none was written.
        compared: False where the deployed version runs elsewhere and did not answer.
    """
    if verdict.deploys:
        return "Nothing has to be done: this run deploys the candidate and checks that it answers."
    if verdict.name == VerdictName.REJECT:
        return WAIT
    if not compared:
        return (
            f"See to it that the deployed model answers at {task.upper()}_API_ENDPOINT, then run"
            f" the job decide_{task}. If nothing serves there, unset that name (or API_ENDPOINT)"
            " first: the candidate is then judged as a first model."
        )
    if counts is None or (counts.groups is not None and counts.groups < FEWEST_COMPLAINTS):
        return "Wait until the version that serves has answered more complaints."
    if power is None:
        return f"The verdict names what stands in the way. {WAIT}"
    if power.need is not None:
        return _labels_needed(power, power.need, task=task, sheet=sheet)
    if power.unlabelled and any(g.name.startswith(LABEL_GUARD) and not g.passed for g in guards):
        return (
            f"{BLOCKED} Nobody has checked {power.unlabelled:,} of the complaints that the two"
            f" answer differently, and that can clear it. {_fill_in(task, sheet)}"
        )
    return f"{BLOCKED} {WAIT}"


def _labels_needed(power: Power, need: Need, *, task: str, sheet: str | None) -> str:
    if need.stratum == Stratum.COMPLAINTS:
        if need.count is None:
            return f"No label on these complaints can show a gain. {WAIT}"
        return (
            "No label on these complaints can decide. If the next ones turn out like them, about"
            f" {count_of(need.count, 'more answered complaint')} would."
        )
    if need.stratum == Stratum.AUDITS:
        return (
            "If the next audits turn out like those so far, about"
            f" {count_of(need.count or 0, 'more random audit')} would decide: run the job"
            f" draw_audit_batch, let officials fill in the sheet, load it with `sambodhan load"
            f" audits FILE`, then run the job {task}_pipeline."
        )
    return f"{_disagreements(power, need)} {_fill_in(task, sheet)}"


def _fill_in(task: str, sheet: str | None) -> str:
    where = f"the sheet {sheet}" if sheet else "a sheet of them"
    return (
        f"Fill in {where}, load it with `sambodhan load audits FILE`, then run the job"
        f" decide_{task}; if that is not enough, it brings the next sheet."
    )


def _disagreements(power: Power, need: Need) -> str:
    seen, count = power.seen, need.count or 0
    so_far = (
        f"So far people have checked {seen.total:,.0f} complaints that the two answer differently:"
        f" the candidate was right on {seen.candidate_right:,.0f} of them, the version that serves"
        f" on {seen.deployed_right:,.0f}."
    )
    if need.wins is None:
        return f"{so_far} If that goes on, about {count:,} more decide."
    wins = f"a gain is shown if the candidate is right on at least {need.wins:,}."
    if not seen.total:
        return (
            f"Nobody has checked the {power.unlabelled:,} complaints that the two answer"
            f" differently. Let officials label {count:,} of them: {wins}"
        )
    return f"{so_far} Let officials label {count:,} of the other {power.unlabelled:,}: {wins}"

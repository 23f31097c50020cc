"""Risk: a deployed model that runs elsewhere is judged on other rows, with wrong weights, or by
answers that it never gave.
"""

from dataclasses import replace

import numpy as np
import pytest

from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.asked_rows import drawn_rows, texts_to_ask
from sambodhan_assets.domain.evaluation.evaluate import evaluate
from sambodhan_assets.domain.evaluation.given_answers import GivenAnswers
from sambodhan_assets.domain.evaluation.record import make_record
from sambodhan_assets.domain.evaluation.window_rows import WindowRows
from sambodhan_assets.domain.gate.decision_record import record_from_json
from sambodhan_assets.domain.gate.policies import Policy, PolicySettings, VerdictName
from sambodhan_assets.domain.gate.report import next_step_sentence, summary_markdown
from sambodhan_assets.domain.gate.verdict import decide
from sambodhan_assets.domain.gate.window import UNLABELLED
from tests.oracles import Oracle
from tests.snapshot_rows import LABELS, anchor
from tests.urgency_contests import ANCHORS, BALANCED, NORMAL, contest, occasion, right

SILENT = "The deployed model answered 1 of 3 texts."
SETTINGS = [PolicySettings(policy=policy) for policy in Policy]


def deployed_answer(text: str) -> int:
    return NORMAL if right(text) == NORMAL or len(text) % 3 else right(text)


def answers_of(texts: list[str]) -> GivenAnswers:
    return GivenAnswers(labels=LABELS, label_ids={text: deployed_answer(text) for text in texts})


def asked(size: int, *anchors: str) -> GivenAnswers:
    dataset = contest(*map(anchor, anchors)).dataset
    return answers_of(texts_to_ask(dataset, mode="holdout", size=size, seed=1))


def rows_of(certain: int, audits: int, plain: int) -> WindowRows:
    count = certain + audits + plain
    return WindowRows(
        complaint_ids=np.arange(count),
        texts=[f"text {n}" for n in range(count)],
        text_keys=[str(n) for n in range(count)],
        answers=np.zeros(count, dtype=np.int64),
        truth=np.array([1] * (certain + audits) + [UNLABELLED] * plain),
        certain=np.arange(count) < certain,
        weight=np.where(np.arange(count) < certain, 1.0, 7.0),
    )


@pytest.mark.parametrize(("audits", "kept_audits"), [(20, 20), (200, 50)])
def test_rows_that_are_asked_stand_for_those_that_are_not(audits: int, kept_audits: int):
    rows = rows_of(certain=300, audits=audits, plain=1000)
    drawn = drawn_rows(rows, size=50, seed=1)
    assert (drawn.certain.sum(), (~drawn.certain).sum()) == (50, 50)
    assert (drawn.labelled & ~drawn.certain).sum() == kept_audits
    for kind in (True, False):
        total = rows.weight[rows.certain == kind].sum()
        assert drawn.weight[drawn.certain == kind].sum() == pytest.approx(total)
        assert len(set(drawn.weight[drawn.certain == kind].tolist())) == 1


def test_few_rows_are_asked_all_as_they_are():
    rows = rows_of(certain=30, audits=5, plain=40)
    drawn = drawn_rows(rows, size=45, seed=1)
    assert drawn.complaint_ids.tolist() == rows.complaint_ids.tolist()
    assert drawn.weight.tolist() == rows.weight.tolist()
    assert len(drawn_rows(rows_of(0, 0, 0), size=5, seed=1)) == 0


def test_every_row_is_as_likely_to_be_drawn_as_any_other_of_its_kind():
    rows = rows_of(certain=40, audits=0, plain=80)
    drawn = [drawn_rows(rows, size=20, seed=seed).complaint_ids for seed in range(400)]
    times = np.bincount(np.concatenate(drawn), minlength=120)
    # 400 draws: a half and a quarter of them, with a standard error of 10 and 9.
    assert np.abs(times[:40] - 200).max() < 45
    assert np.abs(times[40:] - 100).max() < 40


def test_a_larger_sample_holds_the_smaller_one():
    rows = rows_of(certain=300, audits=10, plain=1000)
    small, large = (drawn_rows(rows, size=size, seed=1).complaint_ids for size in (50, 80))
    assert set(small.tolist()) < set(large.tolist())


def test_answers_from_elsewhere_are_judged_as_those_of_a_model_at_hand():
    rows = list(map(anchor, ANCHORS))
    at_hand = evaluate(contest(*rows, deployed=Oracle(answer=deployed_answer)))
    elsewhere = evaluate(contest(*rows, deployed=asked(300, *ANCHORS)))
    for name in ("estimate", "interval", "f1_delta", "guards", "final_model_problems"):
        mine, other = (getattr(found.evidence, name) for found in (at_hand, elsewhere))
        assert repr(mine) == repr(other), name
    assert at_hand.deployed is not None
    assert elsewhere.deployed is not None
    assert elsewhere.deployed.test == at_hand.deployed.test
    assert elsewhere.deployed.window == at_hand.deployed.window
    # A request takes the time of the network.
    assert elsewhere.deployed.latency is None
    assert (at_hand.drawn_from, elsewhere.drawn_from) == (None, len(elsewhere.rows))


def test_what_is_asked_is_all_that_an_evaluation_needs():
    deployed = asked(12, *ANCHORS)
    assert len(deployed.label_ids) <= 4 * 12
    held = contest(*map(anchor, ANCHORS), deployed=deployed, deployed_sample_size=12)
    found = evaluate(held)
    assert found.evidence.estimate is not None
    assert (found.rows.certain.sum(), (~found.rows.certain).sum()) == (12, 12)
    assert found.anchor is not None
    assert (found.anchor.rows, found.anchor.learned) == (held.dataset.anchor_test.num_rows, 0)
    assert found.deployed is not None
    assert found.deployed.test is not None
    assert found.evidence.f1_delta is not None
    assert found.evidence.f1_delta.deployed_f1 is not None
    verdict = decide(found.evidence, BALANCED)
    record = make_record(held, found, verdict, BALANCED, occasion())
    assert record.window is not None
    assert record.window.drawn_from == found.drawn_from
    assert f"asked 24 complaints that stand for {found.drawn_from}" in summary_markdown(record)
    assert record_from_json(record.to_json()) == record


def test_a_text_that_was_not_asked_is_an_error_and_never_a_label():
    with pytest.raises(PermanentError, match="1 of them were not asked"):
        answers_of(["a road"]).answers(["a road", "a pipe"])


@pytest.mark.parametrize("settings", SETTINGS, ids=[str(found.policy) for found in SETTINGS])
def test_a_deployed_model_that_gave_no_answer_holds_the_candidate(settings: PolicySettings):
    silent = contest(
        *map(anchor, ANCHORS), deployed=GivenAnswers(labels=LABELS), not_compared=SILENT
    )
    found = evaluate(silent)
    assert (found.compared, found.evidence.estimate, found.evidence.interval) == (None,) * 3
    verdict = decide(found.evidence, settings)
    assert (verdict.name, verdict.reason) == (VerdictName.HOLD, SILENT)
    record = make_record(silent, found, verdict, settings, occasion())
    assert record_from_json(record.to_json()) == record
    assert record.deployed is not None
    assert (record.deployed.window, record.deployed.test_split) == (None, None)
    assert (record.window, record.comparison, record.f1_delta.deployed_f1) == (None,) * 3
    assert record.candidate.test_split is not None
    assert "run the job decide_urgency" in next_step_sentence(record)
    assert "URGENCY_API_ENDPOINT" in next_step_sentence(record)
    assert SILENT in summary_markdown(record)


def test_the_digest_tells_whether_answers_have_changed():
    first = answers_of(["a road", "a pipe"])
    again = GivenAnswers(labels=LABELS, label_ids=dict(reversed(first.label_ids.items())))
    other = replace(first, label_ids={**first.label_ids, "a road": 2})
    assert first.digest == again.digest != other.digest
    assert len(first.digest) == 12

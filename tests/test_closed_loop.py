"""Risk: the closed loop measures what it trained on, or ends as if nothing was missed."""

import csv
import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.loop_runs import CEILING, CORRECTIONS_ONLY, FLOOR, OURS, PUBLISHED, Order, run
from benchmarks.loop_traffic import Traffic
from benchmarks.loop_ways import all_true_labels, ours, published
from benchmarks.loop_worlds import Labelled, World, draw_world, read_complaints
from sambodhan_assets.domain.dataset.cleaning import text_key
from sambodhan_assets.domain.errors import PermanentError
from sambodhan_assets.domain.evaluation.text_groups import group_keys
from sambodhan_assets.domain.sample.grievances import generate_grievances
from sambodhan_assets.label_tasks import LABEL_TASKS

TASK = next(task for task in LABEL_TASKS if task.name == "urgency")
COMPLAINTS = 240


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("loop") / "complaints.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "grievance", "department", "urgency"])
        writer.writeheader()
        writer.writerows(asdict(row) for row in generate_grievances(COMPLAINTS, seed=5))
    return path


@pytest.fixture(scope="module")
def complaints(data):
    return read_complaints(data, TASK)


def small_world(texts: int = 200, cycles: int = 2) -> World:
    rows = tuple(Labelled(text=f"complaint {n}", label=n % 3) for n in range(texts))
    return World(
        labels=TASK.labels,
        critical_labels=(),
        held_out=rows,
        corpus=rows[:10],
        cycles=tuple(rows[n::cycles] for n in range(cycles)),
    )


# Worlds


@pytest.mark.parametrize("apart", ["text", "near-duplicate"])
def test_a_world_holds_every_complaint_once_and_keeps_its_third_apart(complaints, apart):
    world = draw_world(complaints, TASK, apart=apart, cycles=3, seed=1)
    rest = [*world.corpus, *(row for cycle in world.cycles for row in cycle)]
    assert Counter([*world.held_out, *rest]) == Counter(complaints)
    texts = [row.text for row in [*world.held_out, *rest]]
    groups = group_keys(texts) if apart == "near-duplicate" else list(map(text_key, texts))
    held_out = len(world.held_out)
    assert not set(groups[:held_out]) & set(groups[held_out:])
    assert 0.25 * len(complaints) < held_out <= round(len(complaints) / 3)
    assert len(world.corpus) == round(len(rest) / 4)
    assert {len(cycle) for cycle in world.cycles} <= {len(rest) // 4, len(rest) // 4 + 1}


def test_a_world_is_that_of_its_seed(complaints):
    first, again, other = (
        draw_world(complaints, TASK, apart="near-duplicate", cycles=2, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert set(first.held_out) != set(other.held_out)


def test_unknown_labels_and_columns_are_errors(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("id,grievance,urgency\n1,no water,LATER\n", encoding="utf-8")
    with pytest.raises(PermanentError, match="LATER"):
        read_complaints(path, TASK)
    path.write_text("id,grievance\n1,no water\n", encoding="utf-8")
    with pytest.raises(PermanentError, match="no column urgency"):
        read_complaints(path, TASK)


# Officials


def test_officials_correct_six_in_ten_errors_and_nothing_else():
    world = small_world(texts=3000, cycles=1)
    traffic = Traffic(world, seed=1)
    right = [row.label if n % 2 else (row.label + 1) % 3 for n, row in enumerate(world.cycles[0])]
    unflagged = traffic.arrive(world.cycles[0], right)
    rows = traffic.snapshot(after_id=0, with_corpus=False).rows.to_pylist()
    corrected = [row for row in rows if row["source"] == "correction"]
    assert all(row["label"] != row["answer"] for row in corrected)
    assert 0.56 < len(corrected) / 1500 < 0.64
    assert len(unflagged) == 3000 - len(corrected)


def test_what_chance_decides_is_the_same_for_two_ways():
    world = small_world()
    taken = []
    for _ in range(2):
        traffic = Traffic(world, seed=1)
        unflagged = traffic.arrive(world.cycles[0], [0] * 100)
        traffic.audit(unflagged, 10)
        taken.append(traffic.snapshot(after_id=0).rows)
    assert taken[0].equals(taken[1])


def test_labels_on_request_are_true_and_keep_their_purpose():
    world = small_world()
    traffic = Traffic(world, seed=1)
    unflagged = traffic.arrive(world.cycles[0], [0] * 100)
    traffic.audit(unflagged, 10)
    before = traffic.snapshot(after_id=0)
    audited = [row["complaint_id"] for row in before.rows.to_pylist() if row["stratum"] == "audit"]
    assert len(audited) == 10
    sheet = traffic.sheet(sorted(set(unflagged) - set(audited)), 5)
    assert traffic.snapshot(after_id=0).rows.equals(before.rows)
    traffic.keep(sheet)
    after = traffic.snapshot(after_id=50)
    rows = {row["complaint_id"]: row for row in after.rows.to_pylist()}
    for number, label in sheet.items():
        assert label == world.cycles[0][number - 1].label
        assert rows[number]["label"] == TASK.labels[label]
        assert (rows[number]["source"], rows[number]["stratum"]) == ("audit", "disagreement")
    assert all(row["in_window"] == (number > 50) for number, row in rows.items() if number)
    # Nobody flagged an audited complaint.
    assert after.report.unflagged_count == len(unflagged)
    assert after.report.window_unflagged_count == sum(number > 50 for number in unflagged)


# Ways


def test_every_way_runs_in_both_kinds_of_world(data):
    for apart in ("text", "near-duplicate"):
        found = run(Order(data=str(data), label="urgency", apart=apart, cycles=2, seed=0))
        assert set(found.curves) >= {OURS, PUBLISHED, FLOOR, CEILING}
        assert (CORRECTIONS_ONLY in found.curves) == (apart == "text")
        assert {len(curve) for curve in found.curves.values()} == {3}
        assert len({curve[0] for curve in found.curves.values()}) == 1
        assert all(0 < f1 <= 1 for curve in found.curves.values() for f1 in curve)
        for way, steps in found.steps.items():
            assert [step.after for step in steps] == found.curves[way][1:]
    assert run(found.order) == found


def test_a_step_deploys_the_candidate_or_keeps_what_serves(complaints):
    world = draw_world(complaints, TASK, apart="text", cycles=3, seed=0)
    steps = [*ours(world, seed=0, audits=20, sheet=10), *published(world, seed=0)]
    for step in steps:
        assert step.after == (step.candidate if step.promoted else step.before)
        assert step.sheet <= 10
    assert all(step.sheet == 0 for step in ours(world, seed=0, audits=0, sheet=0))


def test_the_ceiling_learns_every_complaint_and_never_the_held_out_third(complaints):
    world = draw_world(complaints, TASK, apart="text", cycles=2, seed=0)
    swapped = replace(world, held_out=world.cycles[1])
    # It knows the second cycle after the second cycle only.
    before, after = all_true_labels(swapped)
    assert before < after
    assert after > 0.9


def test_the_program_ends_with_status_1_exactly_if_a_demand_is_missed(data, tmp_path):
    program, picture = (
        Path(__file__).parents[1] / "benchmarks/closed_loop.py",
        tmp_path / "loop.png",
    )
    options = ["--label", "urgency", "--cycles", "1", "--seeds", "1", "--json"]
    command = [sys.executable, program, data, *options, "--picture", picture]
    # Started as a file from another folder, as people do.
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    printed = json.loads(result.stdout)
    assert result.returncode == int(not all(demand["held"] for demand in printed["demands"]))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(data) not in result.stdout
    assert len(printed["runs"]) == 2

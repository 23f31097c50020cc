"""Risk: two runs of one task work at the same time and mix their results."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from resources.task_lease import TaskLeases
from sambodhan_assets.domain.errors import TransientError


def test_a_second_run_is_told_which_run_holds_the_task(tmp_path):
    first, second = TaskLeases(home=str(tmp_path)), TaskLeases(home=str(tmp_path))
    first.hold("department", run_id="run-1")
    with pytest.raises(TransientError, match="run run-1, process"):
        second.hold("department", run_id="run-2")
    second.hold("urgency", run_id="run-2")
    first.release()
    second.hold("department", run_id="run-2")
    second.release()


def test_a_lease_is_held_until_it_is_given_back(tmp_path):
    holder, onlooker = TaskLeases(home=str(tmp_path)), TaskLeases(home=str(tmp_path))
    assert not onlooker.is_held("department")
    holder.hold("department", run_id="run-1")
    assert holder.is_held("department")
    assert onlooker.is_held("department")
    holder.release()
    assert not holder.is_held("department")
    assert not onlooker.is_held("department")


def test_the_stages_of_one_run_share_the_lease(tmp_path):
    leases = TaskLeases(home=str(tmp_path))
    leases.hold("department", run_id="run-1")
    leases.hold("department", run_id="run-1")
    leases.release()


def test_a_killed_run_blocks_nobody(tmp_path):
    held = (
        "import os, signal, sys; from resources.task_lease import TaskLeases;"
        "TaskLeases(home=sys.argv[1]).hold('department', run_id='killed');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run(
        [sys.executable, "-c", held, str(tmp_path)], check=False, cwd=Path(__file__).parent.parent
    )
    leases = TaskLeases(home=str(tmp_path))
    leases.hold("department", run_id="next")
    leases.release()


def test_a_model_waits_until_another_one_is_trained_and_is_told_so(tmp_path):
    trained, said = [], []
    told = threading.Event()

    def train(run_id: str) -> None:
        leases = TaskLeases(home=str(tmp_path))
        with leases.training(run_id=run_id, on_wait=lambda line: (said.append(line), told.set())):
            trained.append(run_id)

    second = threading.Thread(target=train, args=["run-2"])
    with TaskLeases(home=str(tmp_path)).training(run_id="run-1", on_wait=said.append):
        second.start()
        assert told.wait(60)
        assert trained == []
    second.join(60)
    assert trained == ["run-2"]
    assert len(said) == 1
    assert "run run-1, process" in said[0]


def test_only_a_run_that_died_with_a_lease_is_lost(tmp_path):
    died = (
        "import os, signal, sys; from resources.task_lease import TaskLeases;"
        "leases = TaskLeases(home=sys.argv[1]);"
        "leases.hold('department', run_id='killed'); leases.hold('urgency', run_id='killed');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", died, str(tmp_path)], check=False, cwd=root)
    alive, ended = TaskLeases(home=str(tmp_path)), TaskLeases(home=str(tmp_path))
    alive.hold("department", run_id="alive")
    ended.hold("urgency", run_id="ended")
    ended.release()
    assert alive.lost_runs() == ["killed"]
    alive.forget("killed")
    assert alive.lost_runs() == []
    alive.release()
    assert alive.lost_runs() == []


def test_a_run_that_ends_while_somebody_looks_is_not_lost(tmp_path):
    def work() -> None:
        leases = TaskLeases(home=str(tmp_path))
        for number in range(600):
            leases.hold("department", run_id=f"run-{number}")
            leases.release()

    runs = threading.Thread(target=work)
    runs.start()
    onlooker, lost = TaskLeases(home=str(tmp_path)), []
    while runs.is_alive():
        lost += onlooker.lost_runs()
    assert lost == []

"""Risk: with the real base model the lane does not run, learns nothing, or leaves files behind."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sambodhan_assets.label_tasks import EMBEDDING
from tests.services import ROOT, machine

# A loaded machine takes ten times as long as a quiet one, which takes 40 s.
pytestmark = pytest.mark.timeout(900)
PATIENCE_SECONDS = 800.0


def sambodhan(environment: Mapping[str, str], *arguments: str) -> str:
    command = [Path(sys.executable).with_name("sambodhan"), *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    return ended.stdout


def scores(home: Path) -> dict[str, dict[str, float]]:
    """accuracy@1 of every competitor, by seen and unseen words."""
    (record,) = home.glob(f"artifacts/decisions/{EMBEDDING.name}/versions/*/decision.json")
    found = json.loads(record.read_text())
    return {
        row["name"]: {words: row[words]["accuracy_at_1"] for words in ("seen", "unseen")}
        for row in found["scores"]
    }


def test_a_thousand_pairs_make_the_packaged_model_better_and_leave_no_temporary_file(
    empty_database: str, tmp_path: Path
):
    temporary, home = tmp_path / "tmp", tmp_path / "home"
    temporary.mkdir()
    variables = {"SAMBODHAN_HOME": str(home), "POSTGRES_URL": empty_database}
    with machine(variables, tmp_path) as here:
        environment = {**here.environment, "PATH": os.environ["PATH"]}
        typos = str(tmp_path / "typos.csv")
        sambodhan(environment, "generate-pairs", typos, "--count", "1000")
        sambodhan(environment, "load", "pairs", typos)
        with here.executing(EMBEDDING.pipeline_job, TMPDIR=str(temporary)) as service:
            code = service.process.wait(PATIENCE_SECONDS)
        assert code == 0, service.text
        # Bars of libraries would fill the log.
        assert "it/s]" not in service.text
        assert list(temporary.iterdir()) == []
        state = json.loads(sambodhan(environment, "status", "--json"))[EMBEDDING.name]
        answer = sambodhan(environment, "correct", "--domain", "brand", "Mercedez-Bens")
    assert (state["verdict"], state["waiting"]) == ("BOOTSTRAP", False)
    found = scores(home)
    assert state["accuracy_at_1"] == found["candidate"]
    assert found["candidate"]["seen"] - found["base"]["seen"] >= 0.15
    assert found["candidate"]["unseen"] >= found["base"]["unseen"]
    assert found["difflib"]["seen"] > found["candidate"]["seen"]
    assert answer.startswith("Mercedes-Benz  0.")

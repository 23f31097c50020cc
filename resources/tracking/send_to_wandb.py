"""Gives one run to Weights & Biases; a program of its own, because nothing else can be timed.

    python send_to_wandb.py < order.json

The order is what resources/tracking/wandb_runs.py writes. The answer is one line of JSON per step
that was reached: {"state": "begun", "folder": ...}, then {"state": "done"}, or {"state": "failed",
"why": ...}. Beside wandb it imports the standard library only, so it starts in half a second.
"""

import json
import sys
from pathlib import Path
from typing import Any

STEP = "train/global_step"


def main() -> None:
    """Reads the order and sends it."""
    import wandb

    order = json.load(sys.stdin)
    try:
        send(order)
    except (wandb.Error, OSError, ValueError, TypeError) as error:
        answer({"state": "failed", "why": f"{type(error).__name__}: {error}"})
        raise SystemExit(1) from None


def send(order: dict[str, Any]) -> None:
    """Opens the run, logs everything and closes it."""
    import wandb

    run = wandb.init(
        project=order["project"],
        entity=order["entity"],
        id=order["run_id"],
        name=order["name"],
        group=order["run_id"],
        dir=order["folder"],
        config=order["tracked"]["config"],
        # Steps of one run in processes of their own write into one run.
        resume="allow",
        settings=settings(order),
    )
    answer({"state": "begun", "folder": str(Path(run.dir).parent)})
    log(run, order)
    run.finish(exit_code=order["exit_code"])
    answer({"state": "done"})


def settings(order: dict[str, Any]) -> Any:
    """Nothing of the machine, its code or its output leaves; every wait has an end."""
    import wandb

    return wandb.Settings(
        mode=order["mode"],
        console="off",
        silent=True,
        save_code=False,
        disable_code=True,
        disable_git=True,
        disable_job_creation=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
        host="",
        program="sambodhan",
        init_timeout=order["init_timeout"],
        finish_timeout=order["finish_timeout"],
        finish_timeout_raises=True,
    )


def log(run: Any, order: dict[str, Any]) -> None:
    """Logs metrics, tables, versions and alerts, in this order."""
    tracked = order["tracked"]
    run.define_metric(STEP, hidden=True)
    for name in ("train/*", "eval/*"):
        run.define_metric(name, step_metric=STEP)
    for entry in tracked["series"]:
        run.log(entry)
    tables = {name: table(content) for name, content in tracked["tables"].items()}
    charts = {name: chart(name, content) for name, content in tracked["confusion"].items()}
    once = {**tracked["values"], **tables, **charts}
    if once:
        run.log(once)
    for version, is_input in [(v, True) for v in tracked["inputs"]] + [
        (v, False) for v in tracked["outputs"]
    ]:
        log_version(run, version, Path(order["folder"]) / "manifests", is_input=is_input)
    for alert in tracked["alerts"]:
        # W&B drops an alert with the title of one that is younger; 0 would mean a minute.
        run.alert(alert["title"], alert["text"], level=alert["level"], wait_duration=0.001)


def table(content: dict[str, Any]) -> Any:
    """A table of W&B."""
    import wandb

    return wandb.Table(columns=content["columns"], data=content["rows"])


def chart(name: str, content: dict[str, Any]) -> Any:
    """W&B's own chart of a confusion matrix; its helper takes single answers, we have weights."""
    import wandb

    return wandb.plot_table(
        data_table=table(content),
        vega_spec_name="wandb/confusion_matrix/v1",
        fields={column: column for column in content["columns"]},
        string_fields={"title": name.replace("_", " ")},
    )


def log_version(run: Any, version: dict[str, Any], folder: Path, *, is_input: bool) -> None:
    """Logs the manifest of a version as an artifact; W&B joins runs by its equal bytes.

    `use_artifact` refuses in offline mode (0.31), and online it waits for the server. The record
    that it would write is this one.
    """
    import wandb

    # W&B allows letters, digits, dashes, underscores and dots in names.
    name = version["name"].replace("/", ".")
    file = folder / version["kind"] / name / version["tag"] / "manifest.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(version["manifest"], encoding="utf-8")
    artifact = wandb.Artifact(name, type=version["kind"], metadata=version["facts"])
    # A durable file needs no copy; W&B loses its own copies of offline runs (wandb#10968).
    artifact.add_file(str(file), name="manifest.json", policy="immutable", skip_cache=True)
    run._log_artifact(
        artifact, aliases=[version["tag"]], is_user_created=True, use_after_commit=is_input
    )


def answer(words: dict[str, str]) -> None:
    """One line for whoever gave the order."""
    sys.stdout.write(f"{json.dumps(words)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

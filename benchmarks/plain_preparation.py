"""The plain way to prepare a dataset, for comparison: every row into pandas, sampled there.

It does what a first version of such a program does: NOT IN, `DataFrame.sample`, four regular
expressions per text, and scikit-learn's split in two steps. It looks for no duplicates.
"""

import re
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sklearn.model_selection import train_test_split

from sambodhan_assets.label_tasks import LabelTask

MISCLASSIFIED = """
SELECT c.message, mc.correct_department, mc.correct_urgency
FROM misclassified_complaints mc
JOIN complaints c ON c.id = mc.complaint_id
WHERE mc.reviewed = TRUE
  AND mc.correct_{column} IS NOT NULL
  AND mc.model_predicted_{column} IS DISTINCT FROM mc.correct_{column}
"""
CORRECT = """
SELECT c.message, c.department, c.urgency
FROM complaints c
WHERE c.id NOT IN (SELECT complaint_id FROM misclassified_complaints)
"""
COLUMNS = ["grievance", "department", "urgency"]


def fetch(
    url: str, task: LabelTask, *, correct_ratio: float = 0.5, random_state: int = 42
) -> pd.DataFrame:
    """Read the corrections and all unflagged complaints, and sample these in pandas."""
    engine = sa.create_engine(url)
    misclassified = pd.read_sql(sa.text(MISCLASSIFIED.format(column=task.column)), engine)
    misclassified.columns = COLUMNS
    correct = pd.read_sql(sa.text(CORRECT), engine)
    correct.columns = COLUMNS
    wanted = min(int(len(misclassified) * correct_ratio), len(correct))
    correct = correct.sample(n=wanted, random_state=random_state)
    return pd.concat([misclassified, correct], ignore_index=True)


def clean_text(text: str) -> str:
    """Apply the four substitutions."""
    text = re.sub(r"https?://\S+|www\.\S+", "", text)
    text = re.sub(r"<.*?>", "", text)
    text = re.sub(r"\n", " ", text)
    return re.sub(r"\s+", " ", text).strip()


def clean_and_encode(rows: pd.DataFrame, task: LabelTask) -> pd.DataFrame:
    """Return the columns grievance and label."""
    label_ids = {label: position for position, label in enumerate(task.labels)}
    rows = rows.dropna(subset=["grievance", task.column])
    return pd.DataFrame(
        {
            "grievance": rows["grievance"].apply(clean_text),
            "label": rows[task.column].map(label_ids).astype("int64"),
        }
    )


def split(rows: pd.DataFrame, *, random_state: int = 42) -> dict[str, pd.DataFrame]:
    """Split 80/10/10, stratified by label."""
    train, rest = train_test_split(
        rows, test_size=0.2, stratify=rows["label"], random_state=random_state
    )
    evaluation, test = train_test_split(
        rest, test_size=0.5, stratify=rest["label"], random_state=random_state
    )
    return {"train": train, "eval": evaluation, "test": test}


def prepare(url: str, task: LabelTask, folder: Path) -> dict[str, pd.DataFrame]:
    """Fetch, clean, split, and write one Parquet file per split."""
    splits = split(clean_and_encode(fetch(url, task), task))
    for name, rows in splits.items():
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    return splits

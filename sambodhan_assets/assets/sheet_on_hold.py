"""The sheet of disagreements that a HOLD hands out, and the labels that came back."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc

from resources.artifact_store import ArtifactStore
from resources.audits.base import AuditStore
from resources.audits.files import task_questions
from resources.lane_settings import snapshot_repository
from resources.sheets import SheetFolder
from sambodhan_assets.domain.dataset.cleaning import clean_text
from sambodhan_assets.domain.dataset.snapshot_files import read_snapshot
from sambodhan_assets.domain.evaluation.contest import Evaluation
from sambodhan_assets.domain.gate.policies import VerdictName
from sambodhan_assets.domain.gate.verdict import Verdict
from sambodhan_assets.domain.labelling.audit_rows import AuditRow
from sambodhan_assets.domain.labelling.disagreements import (
    Pair,
    disagreement_sheet,
    draw_disagreements,
    sheet_labels,
)
from sambodhan_assets.domain.labelling.sheet import Sheet
from sambodhan_assets.label_tasks import LabelTask


@dataclass(frozen=True, kw_only=True)
class OpenSheet:
    """A sheet that waits for people.

    Attributes:
        batch: Its name.
        file: The workbook to fill in.
    """

    batch: str
    file: Path


@dataclass(frozen=True, kw_only=True)
class SheetDesk:
    """Hands out the sheets of one candidate and takes their labels.

    Attributes:
        task: Label task.
        pair: The two versions that disagree.
        audits: Where batches are registered.
        sheets: Where their files go.
        size: Most complaints of a sheet.
        run_id: Run that hands out.
        originals: Reads complaints as citizens wrote them, by id, as far as they are kept.
    """

    task: LabelTask
    pair: Pair
    audits: AuditStore
    sheets: SheetFolder
    size: int
    run_id: str
    originals: Callable[[Collection[int]], Mapping[int, str]]

    def labels(self) -> dict[int, int]:
        """Label id by complaint: the candidate's own sheets, and random audits."""
        verified = self.audits.verified(self.task)
        return sheet_labels(verified, self.pair, labels=self.task.labels)

    def hand_out(self, evaluation: Evaluation, verdict: Verdict) -> OpenSheet | None:
        """On HOLD, the sheet that is open for this candidate, else a new one.

        A sheet is finished before the next one is drawn: a run that was killed after it had
        registered one writes the same again.

        Returns:
            None without a HOLD, and where every disagreement has a label.
        """
        if verdict.name != VerdictName.HOLD or evaluation.compared is None:
            return None
        registered = [row for row in self.audits.rows() if row.batch.startswith(self.pair.prefix)]
        waiting = [r for r in registered if r.stratum == self.pair.stratum and not r.is_filled]
        if waiting:
            batch = waiting[0].batch
            if self.sheets.is_written(batch):
                return OpenSheet(batch=batch, file=self.sheets.file_of(batch))
            sheet = self._sheet_again([r for r in registered if r.batch == batch], evaluation)
        else:
            sheet = self._new_sheet(len({row.batch for row in registered}) + 1, evaluation)
        if not sheet.rows:
            return None
        file = self.sheets.hand_out(sheet, self.audits, run_id=self.run_id)
        return OpenSheet(batch=sheet.batch, file=file)

    def _new_sheet(self, number: int, evaluation: Evaluation) -> Sheet:
        assert evaluation.compared is not None
        batch = f"{self.pair.prefix}{number}"
        drawn, probability = draw_disagreements(
            batch, evaluation.rows, evaluation.compared, size=self.size
        )
        probabilities = dict.fromkeys(drawn, probability)
        return self._sheet(batch, probabilities, evaluation, drawn_at=datetime.now(UTC))

    def _sheet_again(self, rows: list[AuditRow], evaluation: Evaluation) -> Sheet:
        probabilities = {row.complaint_id: row.inclusion_probability for row in rows}
        drawn_at = rows[0].drawn_at
        return self._sheet(rows[0].batch, probabilities, evaluation, drawn_at=drawn_at)

    def _sheet(
        self,
        batch: str,
        probabilities: Mapping[int, float | None],
        evaluation: Evaluation,
        *,
        drawn_at: datetime,
    ) -> Sheet:
        assert evaluation.compared is not None
        (question,) = task_questions([self.task])
        return disagreement_sheet(
            batch,
            probabilities,
            evaluation.rows,
            evaluation.compared,
            drawn_at=drawn_at,
            stratum=self.pair.stratum,
            question=question,
            originals=self.originals(probabilities),
        )


def kept_originals(
    task: LabelTask, artifacts: ArtifactStore, ids: Collection[int]
) -> dict[int, str]:
    """Cleaned texts of complaints with their personal data, from the newest snapshot.

    A version has placeholders in their place. The artifact store forgets snapshots, and may have
    none where another machine prepared the version: then a sheet shows what the version holds.
    """
    newest = artifacts.newest(snapshot_repository(task))
    if newest is None:
        return {}
    with artifacts.fetched(newest) as folder:
        rows = read_snapshot(folder).rows
    asked = rows.filter(pc.field("complaint_id").isin(list(ids))).to_pylist()
    return {row["complaint_id"]: clean_text(row["message"] or "") for row in asked}

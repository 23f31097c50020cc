"""Everything that measures an export, fed by one pass over its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sambodhan_assets.domain.export.exclusions import Exclusions
from sambodhan_assets.domain.models.classifier import TextClassifier
from sambodhan_assets.domain.qa.bias import Bias
from sambodhan_assets.domain.qa.crisis import CrisisScan
from sambodhan_assets.domain.qa.drift import NO_PREVIOUS, Drift
from sambodhan_assets.domain.qa.groups import RowGroups
from sambodhan_assets.domain.qa.metric import Measure, Section
from sambodhan_assets.domain.qa.profile import Profile
from sambodhan_assets.domain.qa.provenance import Provenance
from sambodhan_assets.domain.qa.quality import QualityMeasure

# Of the sample and of the models that judge labels: the same rows are judged the same way.
QA_SEED = 42
# In the order of the report.
SECTIONS = ("privacy", "quality", "safety", "bias", "drift", "provenance")


@dataclass(frozen=True, kw_only=True)
class QaInputs:
    """What measures need beside the rows.

    Attributes:
        qa_sample: Most rows that slow measures look at.
        reviewers: People who answer for the crisis lexicon.
        models: Deployed model by task.
        no_model: Why a task has none, by task.
        previous: Profile of the previous export; None if there is none.
        no_previous: Why there is none.
    """

    qa_sample: int
    reviewers: Sequence[str] = ()
    models: Mapping[str, TextClassifier] = field(default_factory=dict[str, TextClassifier])
    no_model: Mapping[str, str] = field(default_factory=dict[str, str])
    previous: Profile | None = None
    no_previous: str = NO_PREVIOUS


@dataclass(frozen=True, kw_only=True)
class ExportMeasures:
    """The measures of one export.

    Attributes:
        measures: In the order of SECTIONS.
        drift: The one of them that knows the profile.
    """

    measures: Sequence[Measure]
    drift: Drift

    def sections(self) -> list[Section]:
        """What was measured, after the last batch."""
        return [measure.result() for measure in self.measures]

    def profile(self) -> Profile:
        """What the next export is compared with, after the last batch."""
        return self.drift.profile()


def export_measures(privacy: Measure, exclusions: Exclusions, inputs: QaInputs) -> ExportMeasures:
    """The measures of an export, not yet fed.

    Args:
        privacy: The scan that was also told what the policy did to the rows.
        exclusions: Counts of rows that were left out, complete after the last batch.
        inputs: What else is needed.
    """
    # Scripts and lengths of a batch are worked out once, for whoever asks first.
    groups = RowGroups()
    drift = Drift(inputs.previous, no_previous=inputs.no_previous, groups=groups)
    measures: list[Measure] = [
        privacy,
        QualityMeasure(sample_rows=inputs.qa_sample, seed=QA_SEED),
        CrisisScan(reviewers=inputs.reviewers),
        Bias(inputs.models, no_model=inputs.no_model, most_rows=inputs.qa_sample, groups=groups),
        drift,
        Provenance(exclusions),
    ]
    return ExportMeasures(measures=measures, drift=drift)

"""The studies behind the chapters: computed once, stored in the package, drawn from there."""

from scb_edu.studies.ch4_two_stages import STUDIES as OF_STAGES
from scb_edu.studies.ch5_algorithm import STUDIES as OF_ALGORITHM
from scb_edu.studies.ch6_sample_complexity import STUDIES as OF_COMPLEXITY
from scb_edu.studies.ch7_transfer import STUDIES as OF_TRANSFER
from scb_edu.studies.ch8_softmax import STUDIES as OF_SOFTMAX
from scb_edu.studies.ch9_past_the_paper import STUDIES as OF_TEXT
from scb_edu.studies.feedback import STUDIES as OF_FEEDBACK
from scb_edu.studies.headline import STUDIES as OF_HEADLINE
from scb_edu.studies.headline_least import STUDIES as OF_LEAST
from scb_edu.studies.headline_summary import (
    headline_bill,
    headline_runs,
    headline_slopes,
    headline_table,
    per_position,
    schedule_cells,
)
from scb_edu.studies.least_summary import least_batches, least_slopes, least_table
from scb_edu.studies.stage2 import STUDIES as OF_STAGE_2
from scb_edu.studies.study import Study, stored

__all__ = [
    "STUDIES",
    "Study",
    "headline_bill",
    "headline_runs",
    "headline_slopes",
    "headline_table",
    "least_batches",
    "least_slopes",
    "least_table",
    "per_position",
    "schedule_cells",
    "stored",
]

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        *OF_STAGES,
        *OF_ALGORITHM,
        *OF_COMPLEXITY,
        *OF_FEEDBACK,
        *OF_STAGE_2,
        *OF_HEADLINE,
        *OF_LEAST,
        *OF_SOFTMAX,
        *OF_TEXT,
        *OF_TRANSFER,
    )
}
"""All studies by name."""

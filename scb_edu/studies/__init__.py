"""The studies behind the chapters: computed once, stored in ``book/data``, drawn from there."""

from scb_edu.studies.algorithm import STUDIES as OF_ALGORITHM
from scb_edu.studies.complexity import STUDIES as OF_COMPLEXITY
from scb_edu.studies.softmax import STUDIES as OF_SOFTMAX
from scb_edu.studies.study import Study, stored
from scb_edu.studies.text import STUDIES as OF_TEXT
from scb_edu.studies.transfer import STUDIES as OF_TRANSFER

__all__ = ["STUDIES", "Study", "stored"]

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (*OF_ALGORITHM, *OF_COMPLEXITY, *OF_SOFTMAX, *OF_TEXT, *OF_TRANSFER)
}
"""All studies by name."""

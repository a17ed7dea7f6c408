from .agreement import Check, Refutation, agree, collect_checks, holds
from .dependencies import code_hash
from .intervals import (
    Interval,
    bootstrap_groups,
    bootstrap_interval,
    mean_with_error,
    quantile_interval,
    summarise,
    wilson_interval,
)
from .shown_tables import show_table
from .sweeps import processes, sweep
from .tables import Provenance, load_table, save_table

__all__ = [
    "Check",
    "Interval",
    "Provenance",
    "Refutation",
    "agree",
    "bootstrap_groups",
    "bootstrap_interval",
    "code_hash",
    "collect_checks",
    "holds",
    "load_table",
    "mean_with_error",
    "processes",
    "quantile_interval",
    "save_table",
    "show_table",
    "summarise",
    "sweep",
    "wilson_interval",
]

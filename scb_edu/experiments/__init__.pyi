from .dependencies import code_hash
from .intervals import (
    Interval,
    bootstrap_groups,
    bootstrap_interval,
    quantile_interval,
    summarise,
    wilson_interval,
)
from .sweeps import processes, sweep
from .tables import Provenance, load_table, save_table

__all__ = [
    "Interval",
    "Provenance",
    "bootstrap_groups",
    "bootstrap_interval",
    "code_hash",
    "load_table",
    "processes",
    "quantile_interval",
    "save_table",
    "summarise",
    "sweep",
    "wilson_interval",
]

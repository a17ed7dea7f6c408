"""The one server of forks: it imports one list, and of two that were set the later would win."""

import multiprocessing

FORK = multiprocessing.get_context("forkserver")
# all that takes time to import: a process to kill is there at once
FORK.set_forkserver_preload(
    ["pytest", "scb_edu.experiments.sweeps", "scb_edu.training.loop", "scb_edu.training.compiled"]
)

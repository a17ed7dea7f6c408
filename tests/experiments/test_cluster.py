"""A sweep on a cluster, one of whose two workers is killed in the middle of it."""

import logging
import os
import signal
import threading

import pytest
import sweeps
from distributed import Client, LocalCluster
from pandas.testing import assert_frame_equal

from scb_edu import ScbError
from scb_edu.experiments import sweep

GRID = {"size": range(12)}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """Where the runs of all tests of this file leave their notes."""
    path = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEP_FOLDER", str(path))
        yield path


@pytest.fixture(scope="module")
def client(folder):
    """A client of two worker processes that talk over loopback alone."""
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "host": "127.0.0.1"}
    quiet = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
    with (
        LocalCluster(**options, **quiet, local_directory=str(folder / "dask")) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_a_killed_worker_of_a_cluster_loses_nothing(client, folder):
    killer = threading.Thread(target=kill_one_in_the_middle)
    killer.start()
    cache = folder / "cache"
    table = sweep(sweeps.waits_for_go, GRID, seeds=1, executor=client.get_executor(), cache=cache)
    killer.join(sweeps.PATIENCE)
    killed = (folder / "killed").read_text()
    pids = sweeps.notes("pids")
    assert killed in pids
    assert len(set(pids)) >= 2
    assert len(pids) == len(table) + 1  # the run in the middle of which it died was run again
    serially = sweep(sweeps.waits_for_go, GRID, seeds=1, executor=sweeps.Serial())
    assert_frame_equal(table, serially, check_exact=True)
    # and the results of a cluster are those of any other executor when it goes on elsewhere
    sweep(sweeps.waits_for_go, GRID, seeds=2, executor=sweeps.Serial(), cache=cache)
    assert len(sweeps.notes("pids")) == len(pids) + 12 + 12


def kill_one_in_the_middle():
    """Wait until both workers are in the middle of a run, kill one, let the others go on."""
    sweeps.wait_for(lambda: len(set(sweeps.notes("pids"))) == 2)
    victim = sweeps.notes("pids")[0]
    os.kill(int(victim), signal.SIGKILL)
    (sweeps.folder() / "killed").write_text(victim)
    (sweeps.folder() / "go").touch()


def test_a_failing_run_of_a_cluster_is_named(client):
    with pytest.raises(ScbError, match="size = 2, seed = 0 failed with KeyError"):
        sweep(sweeps.fails_at_two, GRID, seeds=1, executor=client.get_executor())
    assert len(sweeps.notes("calls")) == 12


def test_a_client_is_told_apart_from_its_executor(client):
    with pytest.raises(ScbError, match=r"client.get_executor\(\)\), got Client"):
        sweep(sweeps.draw, GRID, seeds=1, executor=client)

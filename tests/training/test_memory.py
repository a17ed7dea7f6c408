"""What a run takes beside its model: the largest size of the speed table stays small."""

import tracemalloc

import numpy as np

import scb_edu as scb

LARGEST = 50e6  # bytes


def test_a_large_run_takes_little_beyond_its_model():
    rng = np.random.default_rng(0)
    task = scb.SCBTask.random(1000, 2000, 2, rng)
    start = scb.LinearTransformer.initial(task, dtype=np.float32)
    optimizer = scb.ProximalGradient(1e-3, penalty=1e-2)
    # what the first run of a process imports and compiles stays out of the count
    scb.train(task, start, optimizer, steps=1, batch_size=32, rng=np.random.default_rng(1))
    tracemalloc.start()
    try:
        run = scb.train(task, start, optimizer, steps=3, batch_size=32, rng=rng)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run.status.ok
    # the model that was given is older than the count: what a run keeps of its own is in it
    assert peak - start.value.nbytes - start.attention.nbytes < LARGEST

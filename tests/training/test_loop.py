"""Training: the fast loop beside a plain one, what is recorded, how a run ends."""

from types import SimpleNamespace

import numpy as np
import pytest

import scb_edu as scb
from scb_edu.support import jit
from scb_edu.training import loop, packed, steps
from scb_edu.training.packed import Supply
from scb_edu.training.trajectory import Recorder

TASK = scb.SCBTask.random(4, 12, 2, np.random.default_rng(0))
OPTIMIZERS = [
    scb.SGD(0.05),
    scb.training.ProjectedSGD(0.05, attention_rate=0.02),
    scb.ProximalGradient(0.05),
    scb.ProximalGradient(0.05, penalty=0.01, attention_rate=0.02),
]


def start(kind, dtype=np.float64):
    rng = np.random.default_rng(5)
    V, W = rng.normal(size=(4, 4)).astype(dtype), rng.normal(size=(12, 4)).astype(dtype)
    if kind is scb.LinearTransformer:
        W = W - W.mean(axis=0) + 1 / 12
    return kind(V, W.astype(dtype))


def train(optimizer=OPTIMIZERS[2], model=None, *, steps=20, batch_size=16, seed=1, **options):
    model = scb.LinearTransformer.initial(TASK) if model is None else model
    rng = np.random.default_rng(seed)
    return scb.train(TASK, model, optimizer, steps=steps, batch_size=batch_size, rng=rng, **options)


def weights(model):
    return model.logits if isinstance(model, scb.SoftmaxTransformer) else model.attention


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize(("block", "batch_size"), [(8, 3), (packed.BLOCK, 16)])
@pytest.mark.parametrize("kind", [scb.LinearTransformer, scb.SoftmaxTransformer])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_the_fast_loop_takes_the_steps_of_the_plain_one(
    optimizer, kind, block, batch_size, is_compiled, monkeypatch
):
    if kind is scb.SoftmaxTransformer and getattr(optimizer, "penalty", 0):
        return
    monkeypatch.setattr(packed, "BLOCK", block)
    monkeypatch.setattr(packed, "MOVED", block)
    monkeypatch.setattr(jit, "AVAILABLE", jit.AVAILABLE and is_compiled)
    fast = train(optimizer, start(kind), batch_size=batch_size).model
    supply, plain = Supply(TASK, np.float64, np.random.default_rng(1)), start(kind)
    for _ in range(20):
        batch = supply.packing.unpack(supply.next(batch_size))
        plain = optimizer.step(plain, scb.gradient(plain, batch), TASK.stationary)
    np.testing.assert_allclose(fast.value, plain.value, atol=1e-10)
    np.testing.assert_allclose(weights(fast), weights(plain), atol=1e-10)


@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_step_asks_a_schedule_once(is_compiled, monkeypatch):
    monkeypatch.setattr(jit, "AVAILABLE", jit.AVAILABLE and is_compiled)
    asked = []
    train(scb.SGD(lambda moment: asked.append(moment.step) or 0.05), steps=5)
    assert asked == [0, 1, 2, 3, 4]


def test_large_batches_follow_the_flow_of_the_signals():
    """Euler's error and the noise of 8,000 samples a step leave a few percent."""
    task = scb.SCBTask.example()
    run = scb.train(
        task,
        scb.LinearTransformer.initial(task),
        scb.ProximalGradient(0.1),
        steps=200,
        batch_size=8_000,
        rng=np.random.default_rng(0),
        record_every=20,
    )
    flow = scb.signal_flow(task, t_end=20, points=11)
    np.testing.assert_allclose(run.signals.value, flow.value, atol=0.05)
    np.testing.assert_allclose(run.signals.attention, flow.attention, atol=0.05)
    assert run.signals.attention[-1] > 0.5


def test_float32_gives_the_same_run_to_its_precision():
    double = train(OPTIMIZERS[3], start(scb.LinearTransformer))
    single = train(OPTIMIZERS[3], start(scb.LinearTransformer, np.float32))
    assert single.model.value.dtype == single.model.attention.dtype == np.float32
    np.testing.assert_allclose(single.model.value, double.model.value, atol=1e-4)
    np.testing.assert_allclose(single.loss, double.loss, rtol=1e-4)


# What is recorded


def test_a_record_says_what_the_library_says_of_the_model():
    run = train(steps=25, record_every=10, snapshot_every=10)
    assert run.step.tolist() == [0, 10, 20, 25]
    assert run.samples.tolist() == [0, 160, 320, 400]
    assert run.loss[-1] == scb.population_loss(run.model, TASK)
    last = scb.signals(run.model, TASK)
    assert (run.signals.value[-1], run.signals.attention[-1]) == (last.value, last.attention)
    far = scb.distances(run.model, TASK)
    assert (run.distances.value[-1], run.distances.attention[-1]) == (far.value, far.attention)
    assert run.snapshot_step.tolist() == [0, 10, 20]
    assert run.snapshots.shape == (3, 12, 4)
    np.testing.assert_allclose(run.snapshots[0], 1 / 12)
    up_to_there = train(steps=20, record_every=10).model
    np.testing.assert_array_equal(run.snapshots[2], up_to_there.attention)


def test_what_is_recorded_does_not_change_the_run():
    rare, often = train(record_every=20), train(record_every=1, snapshot_every=3)
    np.testing.assert_array_equal(rare.model.attention, often.model.attention)
    assert len(often.step) == 21


def test_a_snapshot_is_kept_between_two_records_too():
    run, often = train(steps=25, record_every=10, snapshot_every=4), train(steps=25, record_every=1)
    assert run.step.tolist() == [0, 10, 20, 25]
    assert run.snapshot_step.tolist() == [0, 4, 8, 12, 16, 20, 24]
    np.testing.assert_array_equal(run.model.attention, often.model.attention)


def test_without_a_wish_there_are_about_a_hundred_records_and_no_snapshot():
    run = train(steps=1000, batch_size=2)
    assert len(run.step) == 101
    assert run.snapshots.shape == (0, 12, 4)


def test_looking_at_a_large_model_is_kept_rare():
    """Of 50 steps at N = 1000 only the ends are looked at, and at N = 3 each step is."""
    for N, records in ((1000, 2), (3, 51)):
        task = scb.SCBTask.random(N, 100, 2, np.random.default_rng(0))
        start, rng = scb.LinearTransformer.initial(task, dtype=np.float32), np.random.default_rng(0)
        run = scb.train(task, start, OPTIMIZERS[0], steps=50, batch_size=2, rng=rng)
        assert len(run.step) == records


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_run():
    one, two, other = train(), train(), train(seed=2)
    assert one.model.value.tobytes() == two.model.value.tobytes()
    assert one.loss.tobytes() == two.loss.tobytes()
    assert one.loss[-1] != other.loss[-1]


def test_the_model_that_was_given_stays_as_it_is():
    model = start(scb.LinearTransformer)
    before = model.value.copy()
    train(model=model)
    np.testing.assert_array_equal(model.value, before)


# How a run ends


def test_a_run_ends_in_words():
    assert train().status == scb.training.Status("finished", 20, "finished: 20 steps, 320 samples")
    assert repr(train()) == "Trajectory(finished: 20 steps, 320 samples)"


def test_a_run_stops_at_the_first_record_that_asks_for_it():
    run = train(record_every=4, stop=lambda record: record.samples >= 100)
    assert run.status == scb.training.Status(
        "stopped", 8, "stopped: 8 steps, 128 samples; as asked"
    )
    assert run.step.tolist() == [0, 4, 8]
    at_once = train(stop=lambda record: True)
    assert at_once.status.step == 0
    assert at_once.status.ok


def test_a_run_that_arrives_at_its_last_record_was_stopped_there():
    run = train(record_every=20, stop=lambda record: record.step == 20)
    assert run.status.ended == "stopped"
    assert run.status.step == 20


def test_a_stop_sees_the_model():
    models = []
    run = train(record_every=5, stop=lambda record: models.append(record.model) or False)
    assert [round(scb.population_loss(m, TASK), 12) for m in models] == run.loss.round(12).tolist()


def test_further_columns_stand_beside_the_usual_ones():
    columns = {
        "mass": lambda model, task: model.attention.sum(axis=0),
        "off": scb.model.off_support_mass,
    }
    run = train(record_every=5, record=columns, stop=lambda record: record.columns["off"] < 0)
    assert run.columns["mass"].shape == (5, 4)
    np.testing.assert_allclose(run.columns["mass"], 1)
    assert run.columns["off"].shape == (5,)
    assert run.columns["off"][-1] == scb.model.off_support_mass(run.model, TASK)


def test_the_time_of_a_run_adds_up_its_rates():
    np.testing.assert_allclose(train(record_every=5).time, 0.05 * np.arange(0, 21, 5))


def test_numbers_of_numpy_are_numbers():
    plain, other = train(), train(steps=np.int32(20), batch_size=np.uint8(16))
    assert other.status == plain.status
    assert other.model.value.tobytes() == plain.model.value.tobytes()


@pytest.mark.parametrize("rate", [30.0, 1e30, 1e300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence_is_a_result_with_a_model_that_is_still_finite(rate, dtype):
    if dtype is np.float32 and rate > 1e30:
        rate = 1e37
    model = scb.LinearTransformer.initial(TASK, dtype=dtype)
    run = train(scb.SGD(rate), model, steps=200, record_every=200)
    assert run.status.ended == "diverged"
    assert not run.status.ok
    assert "Try a smaller learning rate" in run.status.message
    assert run.status.step < 20  # noticed at once, not at the next record
    assert np.isfinite(run.model.value).all()
    assert np.isfinite(run.loss).all()


def test_attention_that_vanishes_ends_the_run():
    run = train(scb.ProximalGradient(0.1, penalty=5))
    assert run.status.ended == "vanished"
    assert run.status.step == 0
    assert "Try a smaller penalty" in run.status.message


# Stages, progress, wrong input


@pytest.mark.parametrize("steps", [10, 1])
def test_stages_follow_each_other_as_runs_would(steps):
    rng = np.random.default_rng(3)
    first = scb.train(
        TASK,
        scb.LinearTransformer.initial(TASK),
        OPTIMIZERS[2],
        steps=steps,
        batch_size=32,
        rng=rng,
    )
    second = scb.train(TASK, first.model, OPTIMIZERS[3], steps=5, batch_size=8, rng=rng)
    stages = [scb.training.Stage(OPTIMIZERS[2], steps, 32), scb.training.Stage(OPTIMIZERS[3], 5, 8)]
    both = scb.training.train_stages(
        TASK, scb.LinearTransformer.initial(TASK), stages, rng=np.random.default_rng(3)
    )
    np.testing.assert_array_equal(both.model.attention, second.model.attention)
    assert both.samples[-1] == steps * 32 + 5 * 8
    assert both.status.message == f"finished: {steps + 5} steps, {steps * 32 + 40} samples"


def test_the_optimiser_of_each_stage_begins_once(monkeypatch):
    begun, init = [], scb.training.Momentum.init
    monkeypatch.setattr(scb.training.Momentum, "init", lambda *a: begun.append(a[0]) or init(*a))
    stages = [scb.training.Stage(scb.training.Momentum(rate), 2, 8) for rate in (0.1, 0.2)]
    start = scb.LinearTransformer.initial(TASK)
    scb.training.train_stages(TASK, start, stages, rng=np.random.default_rng(0))
    assert begun == [stage.optimizer for stage in stages]


def test_a_run_of_stages_is_looked_at_where_it_ends_and_not_where_a_stage_does():
    stages = [scb.training.Stage(scb.SGD(0.1), steps, 8) for steps in (3, 4)]
    start, rng = scb.LinearTransformer.initial(TASK), np.random.default_rng(0)
    run = scb.training.train_stages(TASK, start, stages, rng=rng, record_every=5)
    assert run.step.tolist() == [0, 5, 7]


def test_progress_is_shown_where_asked(capsys):
    train()
    assert capsys.readouterr().err == ""
    train(progress=True)
    assert "20/20" in capsys.readouterr().err


sizes = [1, 2, 3]
WRONG = {
    "task": (lambda: scb.train(1, None, None, steps=1, batch_size=1, rng=None), "task: "),
    "model": (lambda: train(model=3), "model: expected a LinearTransformer"),
    "another task's model": (
        lambda: train(model=scb.LinearTransformer.initial(scb.SCBTask.example())),
        r"model.value: expected shape \(N, N\) = \(4, 4\), got \(3, 3\)",
    ),
    "optimizer": (lambda: train("sgd"), r"optimizer: expected one such as SGD\(0.01\), got 'sgd'"),
    "steps": (lambda: train(steps=0), "steps: .*at least 1, got 0"),
    "batch size": (lambda: train(batch_size=2.5), "batch_size: .*got 2.5"),
    "records": (lambda: train(record_every=0), "record_every: .*got 0"),
    "no column": (lambda: train(record={"off": 3}), r"record\['off'\]: expected a function, got 3"),
    "taken column": (
        lambda: train(record={"loss": len}),
        "record: expected a new name.*got 'loss'",
    ),
    "column of words": (
        lambda: train(record={"name": lambda model, task: "high"}),
        r"record\['name'\]: expected a number or an array of them, got str",
    ),
    "column of changing shape": (
        lambda: train(record={"some": lambda model, task: np.ones(sizes.pop())}),
        r"record\['some'\]: expected the shape \(3,\) as at the first record, got \(2,\)",
    ),
    "snapshots": (lambda: train(snapshot_every=-1), "snapshot_every: .*got -1"),
    "penalty on softmax": (
        lambda: train(OPTIMIZERS[3], scb.SoftmaxTransformer.initial(TASK)),
        "penalty: expected 0 for softmax",
    ),
    "no stage": (
        lambda: scb.training.train_stages(
            TASK, scb.LinearTransformer.initial(TASK), [], rng=np.random.default_rng(0)
        ),
        "stages: expected a list of at least one Stage",
    ),
    "no generator": (
        lambda: scb.train(
            TASK,
            scb.LinearTransformer.initial(TASK),
            OPTIMIZERS[0],
            steps=1,
            batch_size=1,
            rng=3,
        ),
        "rng: expected a numpy.random.Generator, got int",
    ),
}


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_refused_in_words(call, message):
    with pytest.raises(scb.ScbError, match=message):
        call()


@pytest.mark.parametrize("loss", [np.nan, np.inf, 1e7])
def test_a_loss_that_is_no_number_is_divergence_too(loss):
    with pytest.raises(scb.training.BreakdownError, match="Try a smaller learning rate"):
        steps._refuse_divergence(loss)


@pytest.mark.parametrize("loss", [0.9e6, 1.1e6, np.nan])
def test_a_loss_above_a_million_counts_as_divergence(loss):
    if loss < 1e6:
        steps._refuse_divergence(loss)
    else:
        with pytest.raises(scb.training.BreakdownError, match="the loss of a batch is"):
            steps._refuse_divergence(loss)


@pytest.mark.parametrize(("steps", "every"), [(99, 1), (500, 5), (9_999, 99), (10_000, 100)])
def test_a_run_is_looked_at_a_hundred_times_unless_told(steps, every):
    assert Recorder.interval(scb.SCBTask.example(10), steps, 10_000) == every


@pytest.mark.parametrize(
    ("N", "T", "B", "look", "step", "every"),
    [
        (1000, 2000, 20, 21_000_000, 4_200_000, 100),
        (1, 1193, 5, 8_358, 167_159, 2),
        (35, 100, 4, 33_075, 165_370, 5),
        (200, 300, 100, 700_000, 490_000, 29),
    ],
)
def test_the_sizes_alone_say_how_rare_a_look_is(N, T, B, look, step, every):
    """Nanoseconds of a look and of a step, as measured once: a twentieth of the time at most."""
    task = SimpleNamespace(vocab_size=N, context_length=T)
    assert Recorder.interval(task, 1, B) == every
    assert (every - 1) * step < 20 * look <= every * step


def test_a_progress_bar_counts_steps_from_where_a_run_goes_on(monkeypatch, tmp_path):
    shown, bar = [], loop.tqdm
    monkeypatch.setattr(loop, "tqdm", lambda **options: shown.append(options) or bar(**options))
    for steps_ in (20, 30):
        train(steps=steps_, record_every=10, checkpoint=tmp_path / "run.npz")
    assert [(s["total"], s["initial"], s["unit"]) for s in shown] == [
        (20, 0, "step"),
        (30, 20, "step"),
    ]


def test_a_recorder_refuses_what_it_cannot_record():
    with pytest.raises(scb.ScbError, match=r"record: expected a new name and .*got 'off': 3"):
        Recorder(TASK, 1, None, {"off": 3})
    with pytest.raises(RuntimeError, match="a run without a record"):
        Recorder(TASK, 1, None, None).trajectory(scb.training.Status("finished", 0, ""))


def test_a_batch_is_asked_for_at_a_moment_alone():
    for size in (8, lambda moment: 8):
        with pytest.raises(scb.ScbError, match="moment: expected a Moment"):
            scb.training.Stage(OPTIMIZERS[0], 5, size).batch_at(3)


def test_snapshots_lie_row_by_row_and_their_steps_are_whole_numbers():
    run = train(snapshot_every=10)
    assert run.snapshots.flags.c_contiguous
    assert run.snapshot_step.dtype == train().snapshot_step.dtype == np.int64

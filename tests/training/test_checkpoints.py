"""A run that is killed at any moment and resumed gives the same bytes as one that was not."""

import contextlib
import json
import os
import random
import signal
import time

import numpy as np
import pytest
from forks import FORK

import scb_edu as scb
from scb_edu.training import checkpoints

TASK = scb.SCBTask.random(4, 12, 2, np.random.default_rng(0))
KINDS = ["linear", "softmax"]
GENERATORS = [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64]


def model(kind):
    if kind == "softmax":
        return scb.SoftmaxTransformer.initial(TASK)
    return scb.LinearTransformer.initial(TASK, dtype=np.float32)


def stages(kind):
    second = scb.ProximalGradient(0.05, penalty=0.01 if kind == "linear" else 0)
    return [scb.training.Stage(scb.SGD(0.1), 30, 16), scb.training.Stage(second, 40, 8)]


def run(kind="linear", rng=None, path=None, every=7, **options):
    keep = None if path is None else scb.training.Checkpoint(path, every)
    rng = np.random.default_rng(1) if rng is None else rng
    options = {"record_every": 5, "snapshot_every": 20, **options}
    return scb.training.train_stages(
        TASK, model(kind), stages(kind), rng=rng, checkpoint=keep, **options
    )


def everything(trajectory):
    """All numbers of a run as bytes, and its words."""
    last = trajectory.model
    arrays = [
        *(trajectory.step, trajectory.samples, trajectory.loss),
        *(trajectory.signals.value, trajectory.signals.attention),
        *(trajectory.distances.value, trajectory.distances.attention),
        *(trajectory.snapshot_step, trajectory.snapshots, last.value, last.attention),
    ]
    return [(a.dtype, a.shape, a.tobytes()) for a in arrays], trajectory.status


class PowerCutError(Exception):
    pass


def cut_at(step):
    def stop(record):
        if record.step == step:
            raise PowerCutError
        return False

    return stop


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", GENERATORS)
def test_a_run_that_was_cut_and_resumed_is_the_whole_run(kind, bits, tmp_path):
    path = tmp_path / "run.npz"
    whole_rng = np.random.Generator(bits(3))
    whole = run(kind, whole_rng)
    for step in (5, 35, 60):  # before the first writing, in the second stage, late
        with pytest.raises(PowerCutError):
            run(kind, np.random.Generator(bits(3)), path, stop=cut_at(step))
    rng = np.random.Generator(bits(3))
    resumed = run(kind, rng, path)
    assert everything(resumed) == everything(whole)
    assert rng.random() == whole_rng.random()


def test_it_goes_on_from_the_last_writing_and_a_finished_run_is_not_run_again(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(PowerCutError):
        run(path=path, stop=cut_at(35))
    asked = []
    run(path=path, stop=lambda record: asked.append(record.step))
    assert min(asked) == 35
    again = []
    finished = run(path=path, stop=lambda record: again.append(record.step))
    assert not again
    assert everything(finished) == everything(run())


@pytest.mark.parametrize("optimizer", [scb.SGD(40.0), scb.ProximalGradient(0.1, penalty=5)])
def test_a_run_that_broke_down_stays_broken_down(optimizer, tmp_path):
    def broken():
        return scb.train(
            TASK,
            model("linear"),
            optimizer,
            steps=500,
            batch_size=8,
            rng=np.random.default_rng(0),
            checkpoint=tmp_path / "run.npz",
        )

    first = broken()
    assert not first.status.ok
    assert everything(broken()) == everything(first)


# Going on


@pytest.mark.parametrize("stop", [None, lambda record: record.step == 40])
def test_a_run_that_has_ended_goes_on_with_more_steps(stop, tmp_path):
    def go(steps, path=None, stop=None):
        return scb.train(
            TASK,
            model("linear"),
            scb.ProximalGradient(0.05, 0.01),
            steps=steps,
            batch_size=8,
            rng=np.random.default_rng(1),
            record_every=10,
            stop=stop,
            checkpoint=path,
        )

    first = go(50, tmp_path / "run.npz", stop)
    assert first.status.step == (40 if stop else 50)
    assert everything(go(90, tmp_path / "run.npz")) == everything(go(90))


def test_a_run_that_has_ended_goes_on_with_another_stage(tmp_path):
    def go(stages, path=None):
        start, rng = model("linear"), np.random.default_rng(1)
        options = {"rng": rng, "record_every": 10, "checkpoint": path}
        return scb.training.train_stages(TASK, start, stages, **options)

    path, plan = tmp_path / "run.npz", stages("linear")
    go(plan[:1], path)
    assert everything(go(plan, path)) == everything(go(plan))
    with pytest.raises(scb.ScbError, match=r"that of another run: .*the stages up to there"):
        go([plan[1]], path)


@pytest.mark.parametrize(
    "method",
    [
        scb.training.Momentum(0.02),
        scb.training.Adam(0.01),
        scb.training.Averaged(scb.training.Adam(lambda moment: 0.01 / (1 + moment.time)), 3),
    ],
    ids=lambda method: type(method).__name__,
)
@pytest.mark.parametrize("kind", KINDS)
def test_the_state_of_an_optimizer_is_kept(method, kind, tmp_path):
    def go(path=None, stop=None):
        return scb.train(
            TASK,
            model(kind),
            method,
            steps=40,
            batch_size=lambda moment: 8 + moment.step,
            rng=np.random.default_rng(1),
            record_every=10,
            record={"sums": lambda model, task: model.attention.sum(axis=0)},
            stop=stop,
            checkpoint=path and scb.training.Checkpoint(path, 7),
        )

    with pytest.raises(PowerCutError):
        go(tmp_path / "run.npz", cut_at(30))
    resumed, whole = go(tmp_path / "run.npz"), go()
    assert everything(resumed) == everything(whole)
    np.testing.assert_array_equal(resumed.columns["sums"], whole.columns["sums"])
    np.testing.assert_array_equal(resumed.time, whole.time)


def test_another_schedule_is_another_run(tmp_path):
    def go(schedule):
        rng = np.random.default_rng(0)
        options = {"steps": 9, "batch_size": 4, "rng": rng, "checkpoint": tmp_path / "run.npz"}
        return scb.train(TASK, model("linear"), scb.SGD(schedule), **options)

    def falling(start):
        return lambda moment: start / (1 + moment.step)

    first = go(falling(0.1))
    assert everything(go(falling(0.1))) == everything(first)
    for other in (falling(0.2), lambda moment: 0.1 / (2 + moment.step), 0.1):
        with pytest.raises(scb.ScbError, match="that of another run"):
            go(other)


def test_numbers_of_numpy_do_not_lose_the_last_writing(tmp_path):
    def go(number):
        rng = np.random.default_rng(0)
        sizes = {"steps": number(30), "batch_size": number(4), "record_every": number(10)}
        keep = scb.training.Checkpoint(tmp_path / "run.npz", number(20))
        return scb.train(TASK, model("linear"), scb.SGD(0.1), rng=rng, checkpoint=keep, **sizes)

    assert everything(go(np.int64)) == everything(go(int))


def test_a_file_that_cannot_be_written_is_refused_before_the_first_step(tmp_path):
    steps = []
    with pytest.raises(scb.ScbError, match=r"(path|checkpoint): expected a file in a folder"):
        run(path=tmp_path, stop=lambda record: steps.append(record.step))  # a folder
    blocked = tmp_path / "run.npz"
    (tmp_path / f"run.npz.{os.getpid()}.partial").mkdir()
    with pytest.raises(scb.ScbError, match="checkpoint: expected a file that can be written"):
        run(path=blocked, stop=lambda record: steps.append(record.step))
    assert not steps


def live(path=None, told=None):
    """Run to the end, and tell all that came out."""
    keep = None if path is None else scb.training.Checkpoint(path, every=20)
    done = scb.train(
        TASK,
        scb.LinearTransformer.initial(TASK),
        scb.ProximalGradient(0.02, penalty=0.01),
        **{"steps": 6000, "batch_size": 8, "snapshot_every": 1000},
        rng=np.random.default_rng(1),
        checkpoint=keep,
    )
    text = repr(everything(done))
    if told is not None:
        told.write_text(text)
    return text


def test_kill_minus_nine_at_twenty_random_moments_changes_nothing(tmp_path):
    """Each life is killed a random moment after it has written once; the last is left alone."""
    path, told, chance = tmp_path / "run.npz", tmp_path / "told", random.Random(0)
    for killed in range(20):
        before = path.stat().st_mtime_ns if path.exists() else None
        life = FORK.Process(target=live, args=(path,))
        life.start()
        while life.is_alive() and (not path.exists() or path.stat().st_mtime_ns == before):
            time.sleep(0.001)
        life.join(chance.random() * 0.05)
        life.kill()
        life.join()
        assert life.exitcode == -signal.SIGKILL, f"life {killed + 1} ended by itself"
    last = FORK.Process(target=live, args=(path, told))
    last.start()
    last.join()
    assert told.read_text() == live()


# What is refused


def refused(path, message, **options):
    before = path.read_bytes()
    with pytest.raises(scb.ScbError, match=message):
        run(path=path, **options)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [{"kind": "softmax"}, {"seed": 2}, {"record_every": 6}, {"snapshot_every": None}],
    ids=str,
)
def test_the_checkpoint_of_another_run_is_refused(options, tmp_path):
    options = dict(options)
    path = tmp_path / "run.npz"
    run(path=path)
    if seed := options.pop("seed", None):
        options["rng"] = np.random.default_rng(seed)
    refused(path, "that of another run", **options)


def test_another_task_of_the_same_shapes_is_another_run(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    run(path=path)
    other = scb.SCBTask.random(4, 12, 2, np.random.default_rng(9))
    like_it = scb.SCBTask(TASK.transition, other.attention)
    monkeypatch.setitem(globals(), "TASK", like_it)
    refused(path, "that of another run")


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    path.write_text("my only copy of something")
    refused(path, "cannot be read.*left as it is")
    np.savez(path, a=np.ones(3))
    refused(path, "cannot be read")
    with path.open("wb") as file:
        np.savez(file, label='["scb_edu checkpoint 99", "?", []]')
    refused(path, "one of format 'scb_edu checkpoint 99'")
    with path.open("wb") as file:
        np.savez(file, label='["scb_edu checkpoint 3", "?", ["value"]]')
    refused(path, "one with arrays lost")
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    refused(path, "cannot be read")
    with path.open("wb") as file:
        np.save(file, np.array([{"code": "pickled"}], dtype=object), allow_pickle=True)
    refused(path, "cannot be read")


def test_a_damaged_file_is_refused_or_harmless(tmp_path):
    """Cut short it is refused; with one byte changed it is refused, or the byte did not count."""
    path, whole = tmp_path / "run.npz", everything(run())
    run(path=path)
    good = path.read_bytes()
    for end in range(0, len(good), len(good) // 40):
        path.write_bytes(good[:end])
        refused(path, "cannot be read")
    harmless = 0
    for place in range(0, len(good), len(good) // 200):
        bad = bytearray(good)
        bad[place] ^= 0xFF
        path.write_bytes(bad)
        try:
            assert everything(run(path=path)) == whole
            harmless += 1
        except scb.ScbError as error:
            assert "left as it is" in str(error)  # noqa: PT017
            assert path.read_bytes() == bad
    assert harmless < 50


def test_where_and_how_often_are_checked(tmp_path):
    with pytest.raises(scb.ScbError, match="path: expected a file in a folder that exists"):
        scb.training.Checkpoint(tmp_path / "nowhere" / "run.npz")
    with pytest.raises(scb.ScbError, match=r"every: .*got 0"):
        scb.training.Checkpoint(tmp_path / "run.npz", every=0)


# When it is written, and what is read back


def test_a_run_is_written_at_first_every_so_many_steps_and_at_its_end(tmp_path, monkeypatch):
    written, save = [], checkpoints.save
    monkeypatch.setattr(checkpoints, "save", lambda *given: written.append(given) or save(*given))
    run(path=tmp_path / "run.npz", every=20)
    assert [json.loads(str(given[2]["state"]))[0] for given in written] == [0, 20, 40, 60, 70]


def test_a_stage_that_is_about_to_begin_takes_nothing_from_the_one_before(tmp_path):
    """Written at step 14, where the first ends: it has no momentum that the second could take."""

    def go(path=None, stop=None):
        optimizers = scb.SGD(0.1), scb.training.Momentum(0.1)
        plan = [scb.training.Stage(optimizer, 14, 8) for optimizer in optimizers]
        keep = path and scb.training.Checkpoint(path, every=14)
        rng = np.random.default_rng(1)
        options = {"rng": rng, "checkpoint": keep, "stop": stop, "record_every": 5}
        return scb.training.train_stages(TASK, model("linear"), plan, **options)

    path = tmp_path / "run.npz"
    with pytest.raises(PowerCutError):
        go(path, cut_at(15))
    assert everything(go(path)) == everything(go())


def test_who_may_stop_a_resumed_run_sees_the_records_of_the_whole_one(tmp_path):
    def seen(path=None, cut=None):
        records = {}

        def stop(record):
            records[record.step] = float(record.columns["trace"]), record.loss
            return bool(cut and cut_at(cut)(record))

        columns = {"trace": lambda model, _task: float(np.trace(model.value))}
        with contextlib.suppress(PowerCutError):
            run(path=path, every=5, stop=stop, record=columns)
        return records

    whole = seen()
    seen(tmp_path / "run.npz", 60)
    resumed = seen(tmp_path / "run.npz")
    assert min(resumed) == 60
    assert resumed == {step: told for step, told in whole.items() if step >= 60}


def test_a_state_is_one_text_in_whatever_order_it_comes_and_a_class_is_told_by_its_name():
    as_text, fingerprint = checkpoints.as_text, checkpoints.fingerprint
    assert as_text({"a": 1, "b": 2}) == as_text({"b": 2, "a": 1})
    assert fingerprint(scb.SGD) != fingerprint(scb.ProximalGradient)


# What tells one run from another


def go(plan, path=None, every=7, stop=None, **options):
    keep = path and scb.training.Checkpoint(path, every)
    options = {"rng": np.random.default_rng(1), "checkpoint": keep, "stop": stop, **options}
    return scb.training.train_stages(TASK, model("linear"), plan, **options)


def test_a_run_that_has_made_no_step_may_be_given_other_stages(tmp_path):
    path, plan = tmp_path / "run.npz", stages("linear")
    with pytest.raises(PowerCutError):
        go(plan, path, stop=cut_at(0))
    assert path.exists()
    assert everything(go(plan[1:], path)) == everything(go(plan[1:]))


def test_a_stage_belongs_to_a_run_from_its_first_step_on(tmp_path):
    """Written at step 31, the first of the second stage: that cannot be another one by now."""
    path, (first, second) = tmp_path / "run.npz", stages("linear")
    with pytest.raises(PowerCutError):
        go([first, second], path, every=31, stop=cut_at(31), record_every=1)
    with pytest.raises(scb.ScbError, match="that of another run"):
        go([first, scb.training.Stage(scb.SGD(0.1), 40, 8)], path, record_every=1)


DIFFERENT = {
    "twelve and three": (12, 3),
    "one and twenty-three": (1, 23),
    "what belongs together": (("a",), "bc"),
    "as two": ("a", "bc"),
    "as one": (("a", "bc"),),
    "two rows": (np.zeros((2, 3)),),
    "three rows": (np.zeros((3, 2)),),
    "whole numbers": (np.zeros((2, 3), np.int64),),
    "an optimiser": (scb.SGD(0.1),),
    "one of the same fields": (scb.training.ProjectedSGD(0.1),),
    "a function": (lambda x: x + 1,),
    "another constant": (lambda x: x + 2,),
    "another sign": (lambda x: x - 1,),
    "another name": (lambda x: x.real + 1,),
    "a default": (lambda x=1: x + 1,),
}


def test_what_differs_has_another_fingerprint_and_what_does_not_the_same():
    prints = {checkpoints.fingerprint(*parts) for parts in DIFFERENT.values()}
    assert len(prints) == len(DIFFERENT)
    assert checkpoints.fingerprint(np.int64(3)) == checkpoints.fingerprint(3)
    assert checkpoints.fingerprint(["a", 1]) == checkpoints.fingerprint(("a", 1))


def rewritten(path, **changes):
    """Put other arrays into a checkpoint."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    with path.open("wb") as file:
        np.savez(file, **(arrays | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state": "[]"}, "one whose state cannot be read"),
        ({"value": np.ones((5, 4))}, r"do not fit together \(.value: expected"),
        ({"weights": np.ones((12, 5))}, r"do not fit together \(.weights: expected"),
        ({"recorded_weights": np.ones(3)}, r"do not fit together \(.recorded_weights: exp"),
        ({"supply": "[]"}, "one whose parts do not fit together"),
        ({"label": np.array([{}], dtype=object)}, r"cannot be read.*allow_pickle=False"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_a_file_that_was_put_together_by_hand_is_refused_in_words(changes, message, tmp_path):
    path = tmp_path / "run.npz"
    run(path=path)
    rewritten(path, **changes)
    refused(path, message)


def test_a_run_that_broke_down_is_not_tried_again(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    plan = [scb.training.Stage(scb.SGD(40.0), 500, 8)]
    assert not go(plan, path).status.ok
    monkeypatch.setattr(checkpoints, "save", lambda *_: pytest.fail("it was written again"))
    assert not go(plan, path).status.ok


def test_a_run_whose_records_nobody_asked_for_goes_on_with_more_steps(tmp_path):
    """Looked at as often as before: every second step of 200, not every fourth of 400."""
    path, sizes = tmp_path / "run.npz", (200, 400)
    plans = [[scb.training.Stage(scb.SGD(0.05), steps, 8)] for steps in sizes]
    assert go(plans[0], path).step[1] == 2
    assert go(plans[1], path).step.tolist() == list(range(0, 401, 2))
    with pytest.raises(scb.ScbError, match="that of another run"):
        go(plans[1], path, record_every=2)


def test_without_a_wish_it_is_written_every_ten_thousand_steps(tmp_path):
    assert scb.training.Checkpoint(tmp_path / "run.npz").every == 10_000


def test_the_words_of_a_generator_come_back_as_an_array():
    state = np.random.MT19937(0).state
    back = checkpoints.from_text(checkpoints.as_text(state))["state"]["key"]
    assert back.dtype == np.uint64
    np.testing.assert_array_equal(back, state["state"]["key"])


def test_a_model_that_does_not_fit_is_told_of_before_a_file_of_another_run(tmp_path):
    path = tmp_path / "run.npz"
    run(path=path)
    other, rng = scb.LinearTransformer.initial(scb.SCBTask.example()), np.random.default_rng(1)
    with pytest.raises(scb.ScbError, match=r"model\.value: expected shape .*4, 4.*got \(3, 3\)"):
        scb.training.train_stages(TASK, other, stages("linear"), rng=rng, checkpoint=path)

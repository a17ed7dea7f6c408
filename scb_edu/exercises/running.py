"""A reader's code, run: not for ever, with no way out of the kernel, and not too loud."""

from __future__ import annotations

import contextlib
import io
import math
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any

__all__ = ["Guard", "TooLongError", "guarded", "short"]

SECONDS = 20.0
"""An answer that runs for longer is stopped."""

AGAIN = 3e-5
"""At most so many seconds later it is stopped again: a bare ``except`` may have gone on."""

SPARE = 0.1
"""Seconds after which it is stopped once more, should the last alarm have been lost."""

GRACE = 0.05
"""Seconds after the end in which an alarm that another thread was given still does nothing."""

SHOWN = 500
"""So many characters of what an answer prints, or says when it stops, are shown."""


class TooLongError(BaseException):
    """The time is over. It is no Exception: an endless loop may catch those."""


class _Printed(io.StringIO):
    """Keeps the beginning of what is printed, and counts all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def write(self, text: str) -> int:
        super().write(text[: max(0, SHOWN - self.count)])
        self.count += len(text)
        return len(text)


class Guard:
    """What is known of a run: what it printed, and whether its reader stopped it."""

    def __init__(self) -> None:
        self.output = _Printed()
        self.interrupted = False

    @property
    def printed(self) -> str:
        """What was printed, with a note where it was cut; the empty text if nothing was."""
        text, count = self.output.getvalue(), self.output.count
        if count <= SHOWN:
            return text.rstrip("\n")
        return f"{text}\n[cut: {count:,} characters, the first {SHOWN} are shown]"


@contextmanager
def guarded(guard: Guard) -> Iterator[None]:
    """Capture what is printed, limit the time, and tell a real Ctrl-C from a raised one.

    The time is limited by a signal. Only the main thread gets signals, and Windows has no such
    timer: elsewhere there is no limit. An extension that runs on in C is stopped when it returns.
    An answer that catches everything is stopped again and again, until it is caught outside.
    """
    with redirect_stdout(guard.output), redirect_stderr(guard.output):
        if threading.current_thread() is not threading.main_thread():
            yield
        else:
            asking = sys._getframe(2)  # that of the `with`: between them is contextlib's
            with _noticing(guard), _limited(SECONDS, asking):
                yield


def short(text: str) -> str:
    """Return the beginning of a text that is too long to be shown."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ... (cut)"


@contextmanager
def _noticing(guard: Guard) -> Iterator[None]:
    """Note a Ctrl-C of the reader, then let it do what it always does."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        yield
        return
    handler = before  # it is asked later, when it cannot be something else any more

    def note(number: int, frame: FrameType | None) -> Any:
        guard.interrupted = True
        return handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _limited(seconds: float, asking: FrameType) -> Iterator[None]:
    """Raise TooLongError below a frame when the time is over; others get their timer back."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    alarm, began = _Alarm(asking), time.monotonic()
    rest, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.signal(signal.SIGALRM, alarm)
    try:
        with _ringing(alarm, seconds):
            yield
    finally:
        # it drops what is still on its way, and would end the process at the default handler
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
        if rest:
            left = max(rest - (time.monotonic() - began), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


@contextmanager
def _ringing(alarm: _Alarm, seconds: float) -> Iterator[None]:
    """Let an alarm ring when the time is over, and not later than in here."""
    end = time.monotonic() + seconds
    try:
        alarm.end = end
        signal.setitimer(signal.ITIMER_REAL, seconds, SPARE)
        yield
    finally:
        alarm.end, alarm.asking = math.inf, None  # one that comes from here on is too late
        signal.setitimer(signal.ITIMER_REAL, 0)
        if time.monotonic() >= end:
            time.sleep(GRACE)  # another thread may have taken one, and hand it on only now


class _Alarm:
    """Stops what runs below a frame at its end, but not the clean-up of its `with`.

    That is all which contextlib was asked for by the frame, and what hooks and tracers do inside.
    """

    def __init__(self, asking: FrameType) -> None:
        self.end = math.inf
        self.asking: FrameType | None = asking

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() < self.end:
            return
        while frame is not None and frame.f_back is not self.asking:
            frame = frame.f_back
        cleaning = frame is not None and frame.f_code.co_filename == contextlib.__file__
        # it has rung once, for they would pile up here, and does again when it likes: now and then
        # that is while this one is caught, outside of the try
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, AGAIN), SPARE)
        if not cleaning:
            raise TooLongError

"""What the noise of A does to the signals: the way it feeds back on V, and where that ends."""

from __future__ import annotations

from scipy.optimize import brentq

from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.model.transformer import Signals
from scb_edu.support import checks
from scb_edu.theory.complexity import settled_energy


def hyperbola_slide(task: SCBTask, learning_rate: float, batch_size: float) -> Signals[float]:
    """Return where the signals end without a penalty, if V is free to follow the noise of A.

    The noise of A has an energy e. It costs V its scale, and A makes up for it: the point slides
    along the hyperbola alpha_V alpha_A = 1 until 1/T, which pulls it back to the truth, holds it.

    Parameters
    ----------
    task : SCBTask
    learning_rate : float
        Of the preconditioned, projected method.
    batch_size : float
        At least 1.

    Returns
    -------
    Signals
        alpha_V = 1/(1 + T e) and alpha_A = 1 + T e, with the e that the noise keeps up there. A
        run comes close after a few times T (1 + alpha_A^4 K_Q/K_P) / alpha_A, if it is stable
        there.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no energy.

    Notes
    -----
    Terms of order 1/T are left out of e, and so are the noise of V, which holds against the slide,
    and that of the two signals. Book: 05-algorithm, sec-algorithm.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for T in (100, 400):
    ...     ends = scb.theory.hyperbola_slide(scb.SCBTask.example(T), 0.005, 64)
    ...     print(round(ends.value, 2), round(ends.attention, 2))
    0.75 1.33
    0.16 6.34
    """
    refuse_flat(task, "transition", "attention")
    rate = checks.positive_number("learning_rate", learning_rate)
    samples = checks.at_least_one("batch_size", batch_size) * task.stationary

    def excess(value: float) -> float:
        # above zero beyond the fixed point; e has a pole, which the quotient tames
        slid = 1 + task.context_length * settled_energy(task, rate, samples, value)
        return value - 1 / slid

    value = float(brentq(excess, 0.0, 1.0, xtol=1e-12))
    return Signals(value, 1 / value)

"""Random tiny tasks and models for hypothesis, built without the library; how many are tried."""

import os

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FUZZ = "SCB_EDU_EXAMPLES"
"""The variable by which `make fuzz` asks for more examples of everything, and for others."""


def examples(most):
    """Settings of a test: so many examples, the same in every run; `make fuzz` draws its own."""
    asked = os.environ.get(FUZZ)
    return settings(
        max_examples=int(asked) if asked else most,
        derandomize=not asked,
        deadline=None,
        suppress_health_check=list(HealthCheck) if asked else (),
    )


@st.composite
def matrices(draw, largest_vocab=3, largest_context=4):
    """A tuple (P, Q, V, A) of a tiny task and an unrelated model."""
    N = draw(st.integers(1, largest_vocab))
    T = draw(st.integers(1, largest_context))
    sparsity = draw(st.integers(1, T))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    P = rng.dirichlet(np.full(N, draw(st.sampled_from([0.3, 1.0, 5.0]))), size=N).T
    P = 0.95 * P + 0.05 / N
    Q = np.zeros((T, N))
    for k in range(N):
        Q[rng.permutation(T)[:sparsity], k] = rng.dirichlet(np.ones(sparsity))
    return P, Q, rng.normal(size=(N, N)), rng.normal(size=(T, N))

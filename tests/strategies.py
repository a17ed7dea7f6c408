"""Random tiny tasks and models for hypothesis, built without the library."""

import numpy as np
from hypothesis import strategies as st


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

"""The same training in JAX, compiled: one more measure of the library's speed.

What one writes who has to have it fast: the whole step under ``jit``, tokens from a table, as
exact as ours, random bits from XLA's own generator, gradients for the batch's columns alone, the
parameters given up for the new ones. In float32.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

CELLS = 1 << 16


def table_of(stationary):
    """The tokens of 65536 cells, how many of the cells are filled, and the rest as a law."""
    scaled = CELLS * np.asarray(stationary)
    cells = np.floor(scaled).astype(int)
    tokens = np.zeros(CELLS, np.int32)
    tokens[: cells.sum()] = np.repeat(np.arange(len(cells)), cells)
    rest = scaled - cells
    law = np.cumsum(rest) / rest.sum() if rest.sum() else np.ones(len(rest))
    return jnp.array(tokens), int(cells.sum()), jnp.array(law, jnp.float32)


def look_up(table, key, shape):
    """Draw tokens by look-up; the cells that rounding leaves over, by inversion."""
    tokens, filled, law = table
    first, second = jax.random.split(key)
    cell = jax.random.bits(first, shape, jnp.uint16)
    drawn = tokens[cell]
    again = jnp.nonzero(cell.ravel() >= filled, size=64 + drawn.size // 64, fill_value=drawn.size)[
        0
    ]
    fresh = jnp.searchsorted(law, jax.random.uniform(second, again.shape), side="right")
    return drawn.ravel().at[again].set(fresh.astype(drawn.dtype), mode="drop").reshape(shape)


def choose(laws, columns, key):
    """Draw a row for each of these columns of cumulative laws (M, K) by inversion."""
    uniform = jax.random.uniform(key, columns.shape)
    rank = (laws[columns] <= uniform[:, None]).sum(1)
    return jnp.minimum(rank, laws.shape[1] - 1)


class CarefulTraining:
    """Preconditioned, projected proximal descent from the uniform start.

    ``dense`` says whether the context is a one-hot matrix, as in the formulas, or stays indices.
    """

    def __init__(self, task, learning_rate, penalty, *, dense):
        N, T = task.vocab_size, task.context_length
        support = np.argsort(-task.attention, axis=0, kind="stable")[: task.sparsity]
        weights = np.take_along_axis(task.attention, support, axis=0)
        laws = {
            "table": table_of(task.stationary),
            "mu": jnp.array(task.stationary, jnp.float32),
            "support": jnp.array(support.T),
            "positions": jnp.array(np.cumsum(weights, axis=0).T, jnp.float32),
            "outputs": jnp.array(np.cumsum(task.transition, axis=0).T, jnp.float32),
        }
        self.key = jax.random.key(0, impl="rbg")
        self.parameters = (jnp.tile(laws["mu"][:, None], (1, N)), jnp.full((N, T), 1 / T))
        options = (learning_rate, learning_rate * penalty, dense)
        self.move = jax.jit(partial(learn, laws, options), donate_argnums=0)
        self.whole = jax.jit(partial(step, laws, options), static_argnums=2, donate_argnums=0)

    @property
    def value(self):
        return np.asarray(self.parameters[0])

    @property
    def columns(self):
        return np.asarray(self.parameters[1])

    def learn(self, tokens, last, output):
        self.parameters = self.move(self.parameters, tokens, last, output)

    def steps(self, count, batch_size):
        """Make so many steps and wait for the last."""
        for _ in range(count):
            self.key, key = jax.random.split(self.key)
            self.parameters = self.whole(self.parameters, key, batch_size)
        jax.block_until_ready(self.parameters)


def step(laws, options, parameters, key, batch_size):
    keys = jax.random.split(key, 4)
    tokens = look_up(laws["table"], keys[0], (batch_size, parameters[1].shape[1]))
    last = look_up(laws["table"], keys[1], (batch_size,))
    position = laws["support"][last, choose(laws["positions"], last, keys[2])]
    source = jnp.take_along_axis(tokens, position[:, None], 1)[:, 0]
    return learn(laws, options, parameters, tokens, last, choose(laws["outputs"], source, keys[3]))


def context_of(tokens, weights, size, dense):
    """How much weight falls on each token, (B, N)."""
    if dense:
        return jnp.einsum("btn,bt->bn", jax.nn.one_hot(tokens, size), weights)
    start = jnp.zeros((len(tokens), size))
    return start.at[jnp.arange(len(tokens))[:, None], tokens].add(weights)


def batch_loss(value, weights, tokens, output, dense):
    residual = context_of(tokens, weights, len(value), dense) @ value.T
    residual = residual.at[jnp.arange(len(tokens)), output].add(-1)
    return (residual**2).sum() / (2 * len(tokens))


def learn(laws, options, parameters, tokens, last, output):
    """Return the parameters after a step on a batch."""
    (value, columns), (rate, threshold, dense) = parameters, options
    slopes = jax.grad(batch_loss, argnums=(0, 1))(value, columns[last], tokens, output, dense)
    slope = (slopes[1] - slopes[1].mean(1, keepdims=True)) / laws["mu"][last, None]
    moved = columns.at[last].add(-rate * slope)
    shrunk = moved - jnp.clip(moved, -threshold, threshold)
    return value - rate * slopes[0] / laws["mu"], shrunk / shrunk.sum(1, keepdims=True)

"""The same training in PyTorch, eager: what the library's speed is measured against.

As a PyTorch user would write it well: float32, autograd for the gradients, updates in place, each
column of A contiguous, and of the batch's columns alone a gradient. ``multinomial`` is the usual
way to draw the tokens; a table on ``randint`` is several times as fast, and exact too.
"""

import numpy as np
import torch
from torch.nn.functional import embedding, softshrink

CELLS = 1 << 16


class Multinomial:
    """Draws tokens as PyTorch offers it."""

    def __init__(self, stationary):
        self.mu = torch.tensor(stationary, dtype=torch.float32)

    def draw(self, *shape):
        return torch.multinomial(self.mu, int(np.prod(shape)), replacement=True).view(shape)


class Table:
    """Draws tokens by look-up in 65536 cells; the cells that rounding leaves over, by inversion."""

    def __init__(self, stationary):
        scaled = CELLS * torch.tensor(stationary, dtype=torch.float64)
        cells = scaled.floor().long()
        self.end = int(cells.sum())
        self.tokens = torch.zeros(CELLS, dtype=torch.int64)
        self.tokens[: self.end] = torch.arange(len(cells)).repeat_interleave(cells)
        self.residual = cumulative((scaled - cells)[:, None])

    def draw(self, *shape):
        words = torch.empty(-(-int(np.prod(shape)) // 4), dtype=torch.int64)
        words.random_(-(2**63), None)  # four cells in a word
        cell = words.view(torch.int16)[: np.prod(shape)].int() & (CELLS - 1)
        tokens = self.tokens.index_select(0, cell)
        again = (cell >= self.end).nonzero()[:, 0]
        tokens[again] = choose(self.residual, torch.zeros_like(again))
        return tokens.view(shape)


def cumulative(columns):
    """The cumulative laws of columns (K, M) end to end, that of column m between m and m + 1."""
    laws = columns.T.double().cumsum(1)
    laws /= laws[:, -1:].clone()
    laws += torch.arange(len(laws))[:, None]
    return laws


def choose(laws, columns):
    """Draw a row for each of these columns by inversion."""
    height = laws.shape[1]
    uniform = torch.rand(len(columns), dtype=torch.float64)
    place = torch.searchsorted(laws.view(-1), columns + uniform, right=True)
    return (place - height * columns).clamp_(max=height - 1)


class TorchTraining:
    """Preconditioned, projected proximal descent from the uniform start.

    ``dense`` says whether the context is a one-hot matrix, as in the formulas, or stays indices.
    """

    def __init__(self, task, learning_rate, penalty, *, dense, law=Table):
        self.rate, self.threshold, self.dense = learning_rate, learning_rate * penalty, dense
        N, T = task.vocab_size, task.context_length
        self.law = law(task.stationary)
        self.positions = cumulative(torch.tensor(task.attention))
        self.outputs = cumulative(torch.tensor(task.transition))
        self.mu = torch.tensor(task.stationary, dtype=torch.float32)
        self.one_hot = torch.eye(N)
        self.value = self.mu[:, None].repeat(1, N).requires_grad_()
        self.columns = torch.full((N, T), 1 / T)  # of A, (N, T)

    def step(self, batch_size):
        self.learn(*self.sample(batch_size))

    def sample(self, batch_size):
        tokens = self.law.draw(batch_size, self.columns.shape[1])
        last = self.law.draw(batch_size)
        source = tokens.gather(1, choose(self.positions, last)[:, None])[:, 0]
        return tokens, last, choose(self.outputs, source)

    def learn(self, tokens, last, output):
        weights = self.columns.index_select(0, last).requires_grad_()  # (B, T)
        residual = self.context(tokens, weights) @ self.value.T - embedding(output, self.one_hot)
        loss = residual.square().sum() / (2 * len(last))
        slope_of_value, slope = torch.autograd.grad(loss, (self.value, weights))
        with torch.no_grad():
            self.value.sub_(slope_of_value.div_(self.mu), alpha=self.rate)
            slope = slope.sub_(slope.mean(1, keepdim=True)).div_(self.mu[last, None])
            self.columns.index_add_(0, last, slope, alpha=-self.rate)
            self.columns = softshrink(self.columns, self.threshold)
            self.columns /= self.columns.sum(1, keepdim=True)

    def context(self, tokens, weights):
        """How much weight falls on each token, (B, N)."""
        if self.dense:
            one_hot = embedding(tokens, self.one_hot)  # (B, T, N)
            return torch.bmm(weights[:, None], one_hot)[:, 0]
        return torch.zeros(len(tokens), len(self.mu)).scatter_add(1, tokens, weights)

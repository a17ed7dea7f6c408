"""The same training in PyTorch, eager: what the library's speed is measured against.

``PlainTraining`` is what one writes from the formulas: V and A as parameters, ``multinomial`` for
what is random, autograd, ``one_hot`` or ``scatter_add`` for the context. ``CarefulTraining`` is
what one writes who has to have it fast: tokens from a table, as exact as ours, each column of A
contiguous, a gradient for the batch's columns alone. Both are float32.
"""

import numpy as np
import torch
from torch.nn.functional import embedding, one_hot, softshrink

CELLS = 1 << 16


class PlainTraining:
    """Preconditioned, projected proximal descent from the uniform start, from the formulas.

    ``dense`` says whether the context is a one-hot matrix, as in the formulas, or stays indices.
    """

    def __init__(self, task, learning_rate, penalty, *, dense):
        self.rate, self.penalty, self.dense = learning_rate, penalty, dense
        arrays = (task.stationary, task.transition, task.attention)
        self.mu, self.P, self.Q = (torch.tensor(array, dtype=torch.float32) for array in arrays)
        self._value = self.mu[:, None].repeat(1, len(self.mu)).requires_grad_()
        self.attention = torch.full_like(self.Q, 1 / len(self.Q)).requires_grad_()  # (T, N)

    @property
    def value(self):
        return self._value.detach()

    @property
    def columns(self):
        return self.attention.detach().T

    def steps(self, count, batch_size):
        for _ in range(count):
            self.learn(*self.sample(batch_size))

    def sample(self, batch_size):
        T = len(self.Q)
        tokens = torch.multinomial(self.mu, batch_size * T, replacement=True).view(batch_size, T)
        last = torch.multinomial(self.mu, batch_size, replacement=True)
        position = torch.multinomial(self.Q.T[last], 1)
        source = tokens.gather(1, position)[:, 0]
        return tokens, last, torch.multinomial(self.P.T[source], 1)[:, 0]

    def learn(self, tokens, last, output):
        N, (tokens, last, output) = len(self.mu), map(torch.as_tensor, (tokens, last, output))
        error = one_hot(output, N) - self.context(tokens, last) @ self._value.T
        loss = 0.5 * error.square().sum(1).mean()
        slope_of_value, slope = torch.autograd.grad(loss, (self._value, self.attention))
        with torch.no_grad():
            self._value -= self.rate * slope_of_value / self.mu
            slope = slope / self.mu
            moved = self.attention - self.rate * (slope - slope.mean(0))
            shrunk = softshrink(moved, self.rate * self.penalty)
            self.attention.copy_(shrunk / shrunk.sum(0))

    def context(self, tokens, last):
        """How much weight falls on each token, (B, N)."""
        weights = self.attention.T[last]  # (B, T)
        if self.dense:
            return torch.einsum("btn,bt->bn", one_hot(tokens, len(self.mu)).float(), weights)
        return torch.zeros(len(tokens), len(self.mu)).scatter_add(1, tokens, weights)


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


class CarefulTraining:
    """The same, by whoever has to have it fast."""

    def __init__(self, task, learning_rate, penalty, *, dense):
        self.rate, self.threshold, self.dense = learning_rate, learning_rate * penalty, dense
        N, T = task.vocab_size, task.context_length
        self.law = Table(task.stationary)
        self.positions = cumulative(torch.tensor(task.attention))
        self.outputs = cumulative(torch.tensor(task.transition))
        self.mu = torch.tensor(task.stationary, dtype=torch.float32)
        self.one_hot = torch.eye(N)
        self._value = self.mu[:, None].repeat(1, N).requires_grad_()
        self.columns = torch.full((N, T), 1 / T)  # of A, (N, T)

    @property
    def value(self):
        return self._value.detach()

    def steps(self, count, batch_size):
        for _ in range(count):
            self.learn(*self.sample(batch_size))

    def sample(self, batch_size):
        tokens = self.law.draw(batch_size, self.columns.shape[1])
        last = self.law.draw(batch_size)
        source = tokens.gather(1, choose(self.positions, last)[:, None])[:, 0]
        return tokens, last, choose(self.outputs, source)

    def learn(self, tokens, last, output):
        tokens, last, output = map(torch.as_tensor, (tokens, last, output))
        weights = self.columns.index_select(0, last).requires_grad_()  # (B, T)
        residual = self.context(tokens, weights) @ self._value.T - embedding(output, self.one_hot)
        loss = residual.square().sum() / (2 * len(last))
        slope_of_value, slope = torch.autograd.grad(loss, (self._value, weights))
        with torch.no_grad():
            self._value.sub_(slope_of_value.div_(self.mu), alpha=self.rate)
            slope = slope.sub_(slope.mean(1, keepdim=True)).div_(self.mu[last, None])
            self.columns.index_add_(0, last, slope, alpha=-self.rate)
            self.columns = softshrink(self.columns, self.threshold)
            self.columns /= self.columns.sum(1, keepdim=True)

    def context(self, tokens, weights):
        """How much weight falls on each token, (B, N)."""
        if self.dense:
            context = embedding(tokens, self.one_hot)  # (B, T, N), faster than one_hot
            return torch.bmm(weights[:, None], context)[:, 0]
        return torch.zeros(len(tokens), len(self.mu)).scatter_add(1, tokens, weights)

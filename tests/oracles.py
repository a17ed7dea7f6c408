"""Slow, literal versions of the mathematics. They import nothing from the library."""

from itertools import pairwise, product

import numpy as np


def stationary(P):
    """The law of a token after 2^20 steps of the lazy chain (I + P)/2."""
    many = np.linalg.matrix_power((np.eye(len(P)) + P) / 2, 2**20)
    return many[:, 0] / many[:, 0].sum()


def one_hot(tokens, N):
    """The context X as the paper writes it, one column a position: (N, T)."""
    X = np.zeros((N, len(tokens)))
    for t, token in enumerate(tokens):
        X[token, t] = 1
    return X


def every_sample(P, mu, Q):
    """Every (tokens, last, output) of the task with its probability."""
    T, N = Q.shape
    for tokens in product(range(N), repeat=T):
        for last in range(N):
            for output in range(N):
                weight = mu[last] * np.prod([mu[x] for x in tokens])
                chance = sum(Q[t, last] * P[output, tokens[t]] for t in range(T))
                yield weight * chance, tokens, last, output


def prediction(V, A, tokens, last):
    return V @ one_hot(tokens, len(V)) @ A[:, last]


def sample_loss(V, A, tokens, last, output):
    target = np.eye(len(V))[output]
    return 0.5 * np.sum((target - prediction(V, A, tokens, last)) ** 2)


def sample_gradient(V, A, tokens, last, output):
    """(dV, dA) by the chain rule on dense matrices."""
    X = one_hot(tokens, len(V))
    residual = V @ X @ A[:, last] - np.eye(len(V))[output]
    dA = np.zeros_like(A)
    dA[:, last] = X.T @ V.T @ residual
    return np.outer(residual, X @ A[:, last]), dA


def mean_loss(V, A, P, mu, Q):
    return sum(w * sample_loss(V, A, *sample) for w, *sample in every_sample(P, mu, Q))


def mean_gradient(V, A, P, mu, Q):
    dV, dA = np.zeros_like(V), np.zeros_like(A)
    for weight, *sample in every_sample(P, mu, Q):
        one_V, one_A = sample_gradient(V, A, *sample)
        dV += weight * one_V
        dA += weight * one_A
    return dV, dA


def bayes_loss(P, mu, Q):
    """The loss of the predictor that knows the law of the output for every single context."""
    T, N = Q.shape
    total = 0.0
    for tokens in product(range(N), repeat=T):
        for last in range(N):
            law = P @ one_hot(tokens, N) @ Q[:, last]
            total += mu[last] * np.prod([mu[x] for x in tokens]) * 0.5 * (1 - law @ law)
    return total


def preconditioned(dV, dA, mu):
    """Columns divided by mu, the attention columns then centred; entry by entry."""
    T, N = dA.shape
    step_V, step_A = np.zeros_like(dV), np.zeros_like(dA)
    for k in range(N):
        step_V[:, k] = dV[:, k] / mu[k]
        step_A[:, k] = dA[:, k] / mu[k]
        step_A[:, k] -= sum(step_A[:, k]) / T
    return step_V, step_A


def softmax(W):
    """Column by column, in plain loops."""
    A = np.zeros_like(W)
    for k in range(W.shape[1]):
        weights = [np.exp(w - max(W[:, k])) for w in W[:, k]]
        A[:, k] = np.array(weights) / sum(weights)
    return A


def numerical_gradient(function, x, step=1e-5):
    """Central differences of a function of one array."""
    slope = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        slope[index] = (function(up) - function(down)) / (2 * step)
    return slope


def square_norm(M, mu):
    return sum(mu[k] * sum(M[i, k] ** 2 for i in range(len(M))) for k in range(M.shape[1]))


def flow(K_P, K_Q, T, start, times, substeps=40):
    """The two signals at the given times by the classical Runge-Kutta method."""

    def rate(y):
        v, a = y
        return np.array([(1 - v) / T + K_Q * a * (1 - v * a), K_P * v * (1 - v * a)])

    y, path = np.array(start, dtype=float), [np.array(start, dtype=float)]
    for before, after in pairwise(times):
        h = (after - before) / substeps
        for _ in range(substeps):
            k1 = rate(y)
            k2 = rate(y + h / 2 * k1)
            k3 = rate(y + h / 2 * k2)
            k4 = rate(y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        path.append(y)
    return np.array(path)

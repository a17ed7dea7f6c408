"""Inner product and norm of matrices whose columns count by the stationary distribution."""

from __future__ import annotations

import numpy as np

from scb_edu.support.checks import Array


def weighted_inner_product(left: Array, right: Array, stationary: Array) -> float:
    """Return <M, M'>_mu, the mean inner product of the columns when they are drawn from mu.

    Parameters
    ----------
    left, right : (rows, N) arrays
    stationary : (N,) array

    Notes
    -----
    Book: 02-linear-transformer, eq-signals.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.model.norms import weighted_inner_product
    >>> weighted_inner_product(np.eye(2), 3 * np.eye(2), np.array([0.5, 0.5]))
    3.0
    """
    return float(np.einsum("ik,ik->k", left, right) @ stationary)


def weighted_square_norm(matrix: Array, stationary: Array) -> float:
    """Return ||M||_mu^2, the mean square length of the columns of M when they are drawn from mu.

    Parameters
    ----------
    matrix : (rows, N) array
    stationary : (N,) array

    Notes
    -----
    Book: 02-linear-transformer, eq-distances.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.model.norms import weighted_square_norm
    >>> weighted_square_norm(np.eye(2), np.array([0.5, 0.5]))
    1.0
    """
    return weighted_inner_product(matrix, matrix, stationary)


def is_rounding(square: float, whole: float) -> bool:
    """Return whether a square length is nothing beside another: what float64 leaves of a zero.

    Parameters
    ----------
    square, whole : float
        Of a difference, and of one of the two things that differ.

    Examples
    --------
    >>> from scb_edu.model.norms import is_rounding
    >>> is_rounding((0.1 + 0.2 - 0.3) ** 2, 0.3**2), is_rounding(1e-7**2, 0.3**2)
    (True, False)
    """
    # a difference of 1e-8 of the length; the square of rounding is far below it for any size
    return square <= float(np.finfo(float).eps) * whole

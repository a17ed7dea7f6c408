"""The one exception of the library."""


class ScbError(ValueError):
    """An input that the library cannot work with.

    The message names the argument, what was expected, what came, and what to do about it.

    Examples
    --------
    >>> import scb_edu as scb
    >>> try:
    ...     scb.SCBTask([[1.0, 0.5]], [[1.0]])
    ... except scb.ScbError as error:
    ...     print(error)
    transition: expected a square matrix (N, N), got shape (1, 2).
    """

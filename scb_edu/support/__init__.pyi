from .errors import ScbError

__all__ = [
    "ScbError",
]

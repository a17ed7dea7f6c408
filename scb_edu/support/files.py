"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def replacing(path: Path, mode: str, **options: Any) -> Iterator[IO[Any]]:
    """Open a draft beside ``path``; when all of it is on the disk it takes the place of the file.

    Renaming is atomic: a reader, or a kill, meets the old file or the new one, never a half.
    """
    draft = path.with_name(f"{path.name}.partial")
    with draft.open(mode, **options) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

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

    Renaming is atomic: a reader, or a kill, meets the old file or the new one, never a half. Each
    process has a draft of its own, and none is left behind where a disk was full.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with draft.open(mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise

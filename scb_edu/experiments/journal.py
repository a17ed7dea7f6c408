"""Results on disk as they come, so that work killed at any moment goes on where it stopped.

A journal is a text file. Its first line says whose results it holds, each further line is one
result: a checksum, then JSON (with NaN and Infinity, as Python writes them). A line counts once
its line break is there: what a kill leaves of a line is ignored, and cut off before the next one.
Each line has the hash of the code that it is of. Lines of other code are left where they are and
not read, so that a step back to that code finds them again.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import zlib
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from scb_edu.support.errors import ScbError

if sys.platform != "win32":
    import fcntl


def canonical(value: object) -> str:
    """Return one text for equal values: 1 and 1.0 alike, keys in the order of the alphabet."""
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":"))


class Journal:
    """Results by their key, in memory."""

    def __init__(self) -> None:
        self._results: dict[str, Any] = {}

    def __contains__(self, key: object) -> bool:
        return canonical(key) in self._results

    def __getitem__(self, key: object) -> Any:
        return self._results[canonical(key)]

    def add(self, key: object, result: object) -> None:
        """Keep a result; key and result are what JSON can hold."""
        self._results[canonical(key)] = result


class FileJournal(Journal):
    """Results by their key, in memory and on disk; made by ``opened``."""

    def __init__(self, file: FileIO, path: Path, owner: Mapping[str, object], code: str) -> None:
        super().__init__()
        self._file, self._path, self._header, self._code = file, path, _line(owner), code
        file.seek(0)
        content = file.read()
        self._end = content.rfind(b"\n") + 1
        whole, torn = content[: self._end], content[self._end :]
        if whole:
            self._read(whole.split(b"\n")[:-1], path, owner)
        elif not self._header.startswith(torn):
            raise _damaged(path, 1)

    def _read(self, lines: list[bytes], path: Path, owner: Mapping[str, object]) -> None:
        _refuse_foreign(_parsed(lines[0], path, 1), path, owner)
        for number, line in enumerate(lines[1:], 2):
            record = _parsed(line, path, number)
            if record["code"] == self._code:
                super().add(record["key"], record["result"])

    def add(self, key: object, result: object) -> None:
        """Keep a result: when this returns it is on the disk."""
        record = {"code": self._code, "key": key, "result": result}
        lines = (b"" if self._end else self._header) + _line(record)
        try:
            self._file.truncate(self._end)  # what a kill, or a full disk, left of a line
            self._write(lines)
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._end += len(lines)
        super().add(key, result)

    def _write(self, lines: bytes) -> None:
        while lines:  # a disk that is nearly full takes a part
            lines = lines[self._file.write(lines) :]
        os.fsync(self._file.fileno())


@contextlib.contextmanager
def opened(path: Path, owner: Mapping[str, object], code: str) -> Iterator[FileJournal]:
    """Open the journal of an ``owner``, described by a few words; raise if it is of another.

    Results of other code than ``code``, a hash, count as if they were not there.

    A file that is refused stays as it is.
    """
    with _file(path) as file:
        _lock(file, path)
        yield FileJournal(file, path, owner, code)


def _file(path: Path) -> FileIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+b", buffering=0)  # what could not be written is not tried again
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ScbError:
    return ScbError(
        f"cache: expected a file that can be written, got {path}: {error.strerror or error}. The "
        "results in it are kept: mend that and call again to go on."
    )


def _whole(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _whole(entry) for name, entry in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _line(value: object) -> bytes:
    body = json.dumps(value, separators=(",", ":")).encode()
    return b"%s %s\n" % (_checksum(body), body)


def _checksum(body: bytes) -> bytes:
    return b"%08x" % zlib.crc32(body)


def _parsed(line: bytes, path: Path, number: int) -> Any:
    checksum, _, body = line.partition(b" ")
    if checksum != _checksum(body):
        raise _damaged(path, number)
    return json.loads(body)


def _damaged(path: Path, number: int) -> ScbError:
    return ScbError(
        f"cache: expected the results of a sweep, got line {number} of {path}, which is damaged or "
        "of something else. The file was left as it is: give another, or delete that line to have "
        "its run again, or the file to start anew."
    )


def _refuse_foreign(found: object, path: Path, owner: Mapping[str, object]) -> None:
    known = found if isinstance(found, dict) else {}
    for name, expected in owner.items():
        if known.get(name) != expected:
            raise ScbError(
                f"cache: expected results with {name} = {expected!r}, got {name} = "
                f"{known.get(name)!r} in {path}. The file was left as it is; give another, or "
                "delete it to start anew."
            )


def _lock(file: FileIO, path: Path) -> None:
    """Keep two sweeps off one file; the lock ends with the process, however that ends."""
    if sys.platform != "win32":
        try:
            # lockf and not flock: a forked worker that outlives its parent must not hold it
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ScbError(
                f"cache: expected a file that nobody uses, got {path}, which another sweep is "
                "filling now; wait for it, or give another."
            ) from error

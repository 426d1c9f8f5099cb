"""Counts that all web processes of one start share.

They are kept in memory that is mapped before the processes part, in a table of fixed size: nobody
can fill the machine's memory by coming from ever other addresses.
"""

from __future__ import annotations

import fcntl
import mmap
import secrets
import struct
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, Final

from limits.storage.base import Storage

_SLOT: Final = struct.Struct("16sdQ")
"""The key's digest, when the count ends (Unix time), and the count."""
_BUCKET_SLOTS: Final = 8
_BUCKETS: Final = 1 << 14
_BUCKET_BYTES: Final = _SLOT.size * _BUCKET_SLOTS
_EMPTY: Final = bytes(_BUCKET_BYTES)


class Counters(Storage):
    """A table of counters for ``limits``, shared by the processes that are forked from this one.

    A key has its place in one bucket. Where that is full of counts that last, the one that would
    end first goes: a flood of requests pushes out counts of a minute before those of an hour. Which
    bucket it is can't be told from outside, since the digest has a key of its own at each start.
    """

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self._secret = secrets.token_bytes(32)
        # The system frees a file's lock when its process ends, however that comes about.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lasts as long as the counters
        self._file.truncate(_BUCKETS * _BUCKET_BYTES)
        self._table = mmap.mmap(self._file.fileno(), _BUCKETS * _BUCKET_BYTES)
        self._threads = threading.Lock()
        weakref.finalize(self, self._file.close)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a failure of the storage is: of the system alone."""
        return OSError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count ``amount`` more; a new count lasts ``expiry`` seconds. Returns how many it is."""
        return self.count(key, expiry, amount)[0]

    def count(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Count as ``incr`` does; return how many it is, and when it ends (Unix time)."""
        now = time.time()
        digest, start = self._place(key)
        with self._locked():
            slots = self._slots(start)
            found = _find(slots, digest, now)
            if found is None:
                index = min(range(_BUCKET_SLOTS), key=lambda index: slots[index][1])
                ends_at, count = now + expiry, amount
            else:
                index, (_, ends_at, count) = found, slots[found]
                count += amount
            _SLOT.pack_into(self._table, start + index * _SLOT.size, digest, ends_at, count)
        return count, ends_at

    def get(self, key: str) -> int:
        """Return how many were counted, 0 when that has expired."""
        return self._look(key)[1]

    def get_expiry(self, key: str) -> float:
        """Return when the count ends, as Unix time; now if there is none."""
        return self._look(key)[0]

    def clear(self, key: str) -> None:
        """Forget the count."""
        digest, start = self._place(key)
        with self._locked():
            found = _find(self._slots(start), digest, time.time())
            if found is not None:
                _SLOT.pack_into(self._table, start + found * _SLOT.size, bytes(16), 0.0, 0)

    def reset(self) -> int | None:
        """Forget all counts; how many they were is not known."""
        with self._locked():
            for start in range(0, _BUCKETS * _BUCKET_BYTES, _BUCKET_BYTES):
                self._table[start : start + _BUCKET_BYTES] = _EMPTY
        return None

    def check(self) -> bool:
        """Tell that it works."""
        return not self._table.closed

    def _look(self, key: str) -> tuple[float, int]:
        """Return when the count of ``key`` ends, and how much it is."""
        now = time.time()
        digest, start = self._place(key)
        with self._locked():
            slots = self._slots(start)
        found = _find(slots, digest, now)
        return (now, 0) if found is None else slots[found][1:]

    def _place(self, key: str) -> tuple[bytes, int]:
        """Return the key's digest, and where its bucket begins."""
        digest = blake2b(key.encode(), digest_size=16, key=self._secret).digest()
        return digest, int.from_bytes(digest[:4]) % _BUCKETS * _BUCKET_BYTES

    def _slots(self, start: int) -> list[tuple[bytes, float, int]]:
        return list(_SLOT.iter_unpack(self._table[start : start + _BUCKET_BYTES]))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep the other threads out, and the other processes."""
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)


def _find(slots: list[tuple[bytes, float, int]], digest: bytes, now: float) -> int | None:
    """Return the place of a count that has not ended."""
    for index, (key, ends_at, _) in enumerate(slots):
        if key == digest and ends_at > now:
            return index
    return None

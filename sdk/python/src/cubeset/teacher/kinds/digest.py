"""What a model's files are, as one sha256."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterable, Optional

_THREADS = 4  # files read at once
_BLOCK = 4 << 20
_RACY = 2.0  # seconds: a file this young may change again within one tick of its clock


def digest(folder: Path, names: Iterable[str], cache: Optional[Path] = None) -> str:
    """The sha256 over the lines "SHA256  NAME\\n" of the files, sorted by name: what sha256sum prints, hashed.

    A model may have gigabytes, and Describe is to be quick. So the sums are kept in the file cache and taken from there
    as long as a file's size, time and number (inode) are the same.
    """
    names = sorted(set(names))
    known = _Known(cache)
    with ThreadPoolExecutor(_THREADS) as pool:
        sums = list(pool.map(lambda name: known.sum(folder / name), names))
    known.save()
    lines = "".join(f"{s}  {name}\n" for s, name in zip(sums, names))
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def cache_file() -> Path:
    """Where sums are kept: a teacher's environment is empty, so HOME may not be set."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "cubeset" / "teacher-digests.json"


class _Known:
    """Sums by path. A file that cannot be read or written costs time, and nothing else."""

    def __init__(self, file: Optional[Path]) -> None:
        self.file = file
        self.sums = self._load()
        self.new = False

    def _load(self) -> dict:
        try:
            sums = json.loads(self.file.read_text()) if self.file else {}
        except (OSError, ValueError):
            return {}
        return sums if isinstance(sums, dict) else {}

    def sum(self, path: Path) -> str:
        path = path.resolve()
        s = path.stat()
        stamp = [s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino, s.st_dev]
        kept = self.sums.get(str(path))
        if isinstance(kept, list) and kept[:-1] == stamp and isinstance(kept[-1], str):
            return kept[-1]
        found = _sha256(path)
        if time.time() - max(s.st_mtime, s.st_ctime) > _RACY:
            self.sums[str(path)] = [*stamp, found]
            self.new = True
        return found

    def save(self) -> None:
        if not self.file or not self.new:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile("w", dir=self.file.parent, delete=False) as f:
                json.dump({**self._load(), **self.sums}, f)
            os.replace(f.name, self.file)
        except OSError:
            pass


def _sha256(path: Path) -> str:
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(_BLOCK):
            h.update(block)
    return h.hexdigest()

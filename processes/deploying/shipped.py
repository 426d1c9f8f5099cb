"""Deploying files from the disk: what ships, and what an administrator names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from processes.deploying.findings import Finding, ModelRejected
from processes.deploying.unit import KINDS, decode_file
from services.operations import run
from services.unit_of_work import UnitOfWork

MAX_BYTES = 16 * 1024 * 1024


def deploy_folder(uow: UnitOfWork, paths: Iterable[Path], note: str) -> dict[str, Any]:
    """Deploy all diagrams, forms and decisions among ``paths`` as one unit.

    Args:
        uow: Of whoever deploys.
        paths: Files, and folders that are searched at every depth.
        note: Kept with the deployment.

    Returns:
        What ``process.deploy`` returns.

    Raises:
        ModelRejected: With every fault, also for a file that can't be read.
    """
    files = [_read(path) for path in sorted(set(_files_in(paths)))]
    result: dict[str, Any] = run(uow, "process.deploy", {"files": files, "note": note})
    return result


def _files_in(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (
                file
                for file in path.rglob("*")
                if file.suffix.removeprefix(".").lower() in KINDS and file.is_file()
            )
        else:
            yield path


def _read(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelRejected([Finding("The file is too large.", path.name)])
        return {"name": path.name, "content": decode_file(path.read_bytes())}
    except (OSError, ValueError) as error:
        raise ModelRejected([Finding(f"The file can't be read: {error}.", path.name)]) from error

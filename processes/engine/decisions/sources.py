"""Models of requests: given as XML or as the path of a file, each read once.

Models that are imported are looked for among those that the request lists, then beside the file.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from processes.engine.decisions.model import DecisionModel
from processes.engine.decisions.read_model import Resolver, parse_decisions
from processes.engine.decisions.review import Review, review_decisions
from processes.engine.errors import ModelError
from processes.engine.xml import MAX_BYTES, parse_xml

_MAX_FILES = 500
_SPACE = "\ufeff \t\r\n"

# A file and what tells whether it is still the same: its time in nanoseconds and its size.
_Stamp = tuple[Path, int, int]


def model_of(request: Mapping[str, Any]) -> DecisionModel:
    """Return the model of a request, read leniently.

    Its `model` is the path of a file or XML; `imports`, if any, are more of them, in a list or as
    the values of an object.

    Raises:
        ModelError: There is none, or it can't be read.
    """
    return _parse(*_find(request))


def review_of(request: Mapping[str, Any]) -> Review:
    """Check the model of a request, which says where it is as for `model_of`."""
    try:
        content, imported, beside = _find(request)
    except ModelError as problem:
        return Review([problem])
    return review_decisions(content, resolve=_resolver(imported, beside))


def _find(request: Mapping[str, Any]) -> tuple[bytes, tuple[bytes, ...], tuple[_Stamp, ...]]:
    content, folder = _read(request.get("model"), "model")
    given = request.get("imports") or []
    others = list(given.values()) if isinstance(given, Mapping) else given
    if not isinstance(others, list):
        raise ModelError("The `imports` are no list.")
    imported = tuple(_read(other, "import")[0] for other in others)
    beside = _list_models(folder) if folder and b"import" in content else ()
    return content, imported, beside


def _read(given: Any, kind: str) -> tuple[bytes, Path | None]:
    if not isinstance(given, str) or not given.strip(_SPACE):
        raise ModelError(f"The {kind} is neither XML nor the path of a file.")
    if given.lstrip(_SPACE).startswith("<"):
        return given.strip(_SPACE).encode(errors="replace"), None
    path = Path(given)
    try:
        if not path.is_file():
            raise ModelError(f"There is no file {given[:200]!r}.")
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"The file has more than {MAX_BYTES} bytes.", advice="Split it.")
        return path.read_bytes(), path.parent
    except (OSError, ValueError) as problem:
        raise ModelError(f"The file {given[:200]!r} can't be read.") from problem


def _list_models(folder: Path) -> tuple[_Stamp, ...]:
    files = sorted(folder.glob("*.dmn"))[:_MAX_FILES]
    stamps = ((file, file.stat()) for file in files if file.is_file())
    return tuple((file, stat.st_mtime_ns, stat.st_size) for file, stat in stamps)


@lru_cache(maxsize=128)
def _parse(
    content: bytes, imported: tuple[bytes, ...], beside: tuple[_Stamp, ...]
) -> DecisionModel:
    return parse_decisions(content, resolve=_resolver(imported, beside), lenient=True)


def _resolver(imported: tuple[bytes, ...], beside: tuple[_Stamp, ...]) -> Resolver:
    def resolve(namespace: str, location: str | None) -> bytes | None:
        named = Path(location).name if location else ""
        # The file that the import names comes first among those beside the model.
        files = sorted(beside, key=lambda stamp: stamp[0].name != named)
        found = (data for data in imported if _namespace_of(data) == namespace)
        near = (
            data
            for file, _, size in files
            if size <= MAX_BYTES and _namespace_of(data := file.read_bytes()) == namespace
        )
        return next(found, None) or next(near, None)

    return resolve


def _namespace_of(data: bytes) -> str | None:
    try:
        return parse_xml(data).get("namespace")
    except ModelError:
        return None

"""Word files become PDFs by an office program, where there is one (LibreOffice's ``soffice``).

It runs outside of every transaction, with a profile folder of its own, a time limit and a memory
limit; only files that were made here from a checked template get to it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from services.errors import Invalid

MAX_SECONDS: Final = 90
MAX_PDF_BYTES: Final = 50 * 1024 * 1024
_MAX_MEMORY_BYTES: Final = 4 * 1024**3
# The limits hold before the program begins, and for all that it starts: it is a script itself. The
# shell counts memory in KB and the size of files in blocks of 512 bytes (POSIX).
_LIMITED: Final = (
    f"ulimit -v {_MAX_MEMORY_BYTES // 1024}; ulimit -f {MAX_PDF_BYTES // 512}; ulimit -c 0; "
    'exec "$0" "$@"'
)
_OWN_FONTS: Final = ".fonts"
"""Where fontconfig looks for fonts in somebody's home folder."""

_NOT_THERE: Final = (
    "PDFs of Word templates need LibreOffice, which this installation doesn't have. The Word "
    "file can be made and downloaded."
)
_FAILED: Final = "The PDF could not be made: the office program {}."

log = structlog.get_logger(__name__)


def check_converter(program: Path | None) -> Path:
    """Return the office program.

    Raises:
        Invalid: ``pdf_unavailable``: there is none.
    """
    if program is None:
        raise Invalid(_NOT_THERE, code="pdf_unavailable")
    return program


def convert_to_pdf(program: Path | None, content: bytes, *, fonts: Path | None = None) -> bytes:
    """Return the PDF of a Word file, with the fonts of the system and those of a folder.

    Raises:
        Invalid: ``pdf_unavailable`` where there is no program, else ``pdf_failed``.
    """
    found = check_converter(program)
    with tempfile.TemporaryDirectory(prefix="lanewise-pdf-") as name:
        folder = Path(name)
        source = folder / "document.docx"
        source.write_bytes(content)
        if fonts is not None:
            (folder / _OWN_FONTS).symlink_to(fonts)
        _run(found, source, folder)
        made = folder / "document.pdf"
        if not made.is_file():
            raise _failure("made no file")
        if made.stat().st_size > MAX_PDF_BYTES:
            raise _failure("made too large a file")
        pdf = made.read_bytes()
    if not pdf.startswith(b"%PDF-"):
        raise _failure("made no PDF")
    return pdf


def _run(program: Path, source: Path, folder: Path) -> None:
    command = [
        *("/bin/sh", "-c", _LIMITED, str(program)),
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        "--convert-to",
        "pdf:writer_pdf_Export",
        "--outdir",
        str(folder),
        str(source),
    ]
    # It gets nothing of this program's environment, which holds secrets.
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603 - the program is the installation's own setting
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(MAX_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise _failure(f"took longer than {MAX_SECONDS} seconds") from error
    finally:
        # Its helpers live on when it dies; the session is theirs too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code:
        log.warning("conversion.failed", code=code)
        raise _failure("gave up")


def _failure(reason: str) -> Invalid:
    return Invalid(_FAILED.format(reason), code="pdf_failed")

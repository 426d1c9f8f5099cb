"""Draws one long document, in a process of its own: ``python -I press.py LAYOUT [FONTS]``.

What it used up goes back to the machine when it ends, and it can be ended at any moment. The
document comes in as JSON, the PDF goes out. It imports nothing of the program.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import typst

MEMORY_BYTES = 3 * 1024**3
REFUSED = 3
"""The exit code for what the layout can't draw, however much time it has."""


def press(layout: Path, *fonts: str) -> int:
    """Write the PDF of what standard input says; return the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    compiler = typst.Compiler(
        str(layout), root=str(layout.parent), ignore_system_fonts=True, font_paths=list(fonts)
    )
    try:
        made = compiler.compile(sys_inputs={"document": sys.stdin.read()}, format="pdf")
    except typst.TypstError:
        return REFUSED
    if not isinstance(made, bytes):
        return REFUSED
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(press(Path(sys.argv[1]), *sys.argv[2:]))

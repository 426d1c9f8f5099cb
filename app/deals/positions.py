"""The positions of a deal: the form of lines that papers have too."""

from __future__ import annotations

from functools import partial

from app.records.kinds import KINDS
from app.records.sales_lines import save_lines, show_lines

show = partial(show_lines, KINDS["deal"])
save = partial(save_lines, KINDS["deal"])

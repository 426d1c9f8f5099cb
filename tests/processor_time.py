"""How long work takes, whatever else the machine or this process has to do meanwhile."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def processor_time_below(seconds: float) -> Iterator[None]:
    """Fail when the block takes this thread ``seconds`` of a processor or more.

    The collector waits: after thousands of tests a full collection takes most of a second, and it
    would fall to whichever test happens to make the next object.
    """
    gc.disable()
    try:
        began = time.thread_time()
        yield
        taken = time.thread_time() - began
    finally:
        gc.enable()
    assert taken < seconds, f"{taken:.2f} s of a processor, not below {seconds} s"

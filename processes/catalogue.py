"""Imports every module of this layer and of services, so that all operations and jobs are known.

Whoever runs, deploys or lists operations imports it first; a new module can't be forgotten.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import processes
import services


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{module.name}"
        if not module.ispkg and name != __name__:
            importlib.import_module(name)


_import_all(services)
_import_all(processes)

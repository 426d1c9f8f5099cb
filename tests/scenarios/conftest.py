from __future__ import annotations

import pytest

import processes.catalogue  # noqa: F401 - its import registers the operations
from services.mail.loopback import LoopbackMail
from tests.scenarios.company import Company


@pytest.fixture
def company(platform_with, clock, tmp_path):
    with LoopbackMail(tmp_path / "mails") as post:
        made = Company(platform_with(smtp_url=post.url), clock=clock, post=post)
        made.open()
        yield made

"""Real files that lie beside the checkout on the machines that have them; tests that need one skip loudly elsewhere."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared(relative: str) -> Path:
    path = ROOT / relative
    if not path.exists():
        pytest.skip(f"REAL DATA ABSENT: {path} — this test checked nothing")
    return path

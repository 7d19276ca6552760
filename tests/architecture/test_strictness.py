"""A skipped test fails where ``CI=true``, however it is skipped; elsewhere it may be skipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WAYS_TO_SKIP = {
    "in the test": "import pytest\ndef test_it(): pytest.skip('reason')\n",
    "by a mark": "import pytest\n@pytest.mark.skip(reason='r')\ndef test_it(): pass\n",
    "by a condition": "import pytest\n@pytest.mark.skipif(True, reason='r')\ndef test_it(): pass\n",
    "as a module": "import pytest\npytest.importorskip('no_such_module')\n",
}


def run(folder: Path, source: str, ci: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one test file beside the project's own conftest and configuration."""
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in ("conftest.py", "real_servers.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests")
    plain = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "PY_COLORS")}
    (folder / "tests/test_skipping.py").write_text(source, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**plain, "CI": ci, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("source", WAYS_TO_SKIP.values(), ids=WAYS_TO_SKIP)
def test_a_skip_fails_in_ci(tmp_path: Path, source: str) -> None:
    result = run(tmp_path, source, ci="true")
    assert result.returncode in {1, 2}, result.stdout
    assert "A test may not be skipped in CI" in result.stdout


def test_a_skip_is_allowed_elsewhere(tmp_path: Path) -> None:
    result = run(tmp_path, WAYS_TO_SKIP["by a mark"] + "def test_other(): pass\n", ci="")
    assert result.returncode == 0, result.stdout
    assert "1 passed, 1 skipped" in result.stdout

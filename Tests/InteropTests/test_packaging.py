"""What is packaged is taken by the programs that read it, without a word of complaint."""

import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
ANALYZE = shutil.which("systemd-analyze")

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")


def _run(*arguments):
    return subprocess.run([str(word) for word in arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def units(tmp_path):
    """The units with a program that exists here in place of the installed relay."""
    program = tmp_path / "relay"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in ("relay.service", "relay.socket"):
        text = (PACKAGING / name).read_text().replace("/usr/bin/relay", str(program))
        # Documentation is there once the package is.
        (tmp_path / name).write_text("".join(line for line in text.splitlines(True) if "Documentation=" not in line))
    return tmp_path


def test_units_have_no_line_that_systemd_does_not_know(units):
    result = _run(ANALYZE, "verify", "--man=no", units / "relay.service", units / "relay.socket")
    complaints = [line for line in (result.stdout + result.stderr).splitlines() if str(units) in line or "relay." in line]
    assert complaints == []


def test_the_service_is_well_confined(units):
    result = _run(ANALYZE, "security", "--offline=true", "--threshold=20", units / "relay.service")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_account_can_be_made(tmp_path):
    # An empty root: nothing is made in the one that runs the test.
    (tmp_path / "etc").mkdir()
    result = _run("systemd-sysusers", f"--root={tmp_path}", PACKAGING / "sysusers.d/relay.conf")
    assert result.returncode == 0, result.stdout + result.stderr
    assert any(line.startswith("relay:") for line in (tmp_path / "etc/passwd").read_text().splitlines())

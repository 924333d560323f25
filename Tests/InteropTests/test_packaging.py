"""What is packaged is taken by the programs that read it, without a word of complaint."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import settings

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


def test_the_service_has_limits_of_its_own():
    lines = (PACKAGING / "relay.service").read_text().splitlines()
    assert {"LimitCORE=0", "MemoryMax=80%", "TasksMax=1024"} <= set(lines)


def test_the_service_may_write_what_it_has_to_remember_and_nothing_else():
    lines = (PACKAGING / "relay.service").read_text().splitlines()
    assert {"ProtectSystem=strict", "StateDirectory=relay", "StateDirectoryMode=0700"} <= set(lines)
    writable = [line for line in lines if re.match(r"\w*(Directory|Paths)=", line)]
    assert sorted(writable) == ["ConfigurationDirectory=relay", "RuntimeDirectory=relay", "StateDirectory=relay"]


@pytest.mark.skipif("release" not in os.path.realpath(settings.RELAY or ""), reason="a debug build is not what is installed")
@pytest.mark.parametrize("name", ["relay", "swssh"])
def test_programs_bind_all_symbols_at_their_start(name):
    path = settings.RELAY if name == "relay" else settings.SWSSH
    dynamic = _run(settings.program("readelf"), "-d", path).stdout
    assert re.search(r"\(FLAGS\).*\bBIND_NOW\b|\(FLAGS_1\).*\bNOW\b", dynamic), dynamic
    assert "GNU_RELRO" in _run(settings.program("readelf"), "-lW", path).stdout


@pytest.mark.ours_only("sshd is not what is installed")
def test_the_steps_of_the_readme_leave_what_the_service_needs(tmp_path):
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    programs = tmp_path / "usr/bin"
    programs.mkdir(parents=True)
    # What would change the machine that runs the test.
    for name in ("systemctl", "systemd-sysusers", "chown"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    packaging = tmp_path / "packaging"
    shutil.copytree(PACKAGING, packaging)
    shutil.copy(settings.RELAY, packaging)
    block = re.search(r"(?:^    .*\n)+", (PACKAGING / "README.md").read_text(), re.MULTILINE)[0]
    steps = re.sub(r"(?<= )/(?=etc/|usr/)", f"{tmp_path}/", block)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    words = ["bash", "-e", "-c", steps]
    result = subprocess.run(words, cwd=packaging, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "etc/sysusers.d/relay.conf").is_file()
    config = tmp_path / "etc/relay/relay_config"
    # As relay.service checks it first.
    result = _run(settings.RELAY, "-t", "-f", config)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_account_can_be_made(tmp_path):
    # An empty root: nothing is made in the one that runs the test.
    (tmp_path / "etc").mkdir()
    result = _run("systemd-sysusers", f"--root={tmp_path}", PACKAGING / "sysusers.d/relay.conf")
    assert result.returncode == 0, result.stdout + result.stderr
    assert any(line.startswith("relay:") for line in (tmp_path / "etc/passwd").read_text().splitlines())

"""Names of accounts in which a shell would see more than a name: no shell sees them."""

import os

import pytest

from harness.comparison import readable_folder
from harness.settings import LOOPBACK, USER

RELAY = pytest.mark.pairs(clients=["paramiko"], servers=["relay"])
pytestmark = pytest.mark.ours_only("to sshd, these are no accounts")
RUNNER = "nobody" if os.getuid() == 0 else USER
NAMES = ["a$(touch${IFS}ran)", "a`touch\tran`".replace("\t", "${IFS}"), "a;touch${IFS}ran", "a'\"b", "a|b&c>ran", "*", "%u"]


@RELAY
@pytest.mark.parametrize("name", NAMES)
def test_command_gets_the_name_as_one_word(lab, client_kind, server_kind, name):
    with readable_folder() as folder:
        (folder / "expected").write_text(name)
        script = folder / "keys"
        same = f'test "$#" = 1 && test "$1" = "$(cat {folder}/expected)"'
        script.write_text(f"{same} && echo '{lab.keys.user.public}'\n")
        for path in (folder / "expected", script):
            path.chmod(0o644)
        config = [f"AuthorizedKeysCommand /bin/sh {script} %u", f"AuthorizedKeysCommandUser {RUNNER}"]
        server = lab.server(server_kind, config=[*config, "AuthorizedKeysFile none"])
        server.user = name
        lab.local_forward(client_kind, server)
        assert not list(folder.rglob("ran")) and not list(lab.directory.rglob("ran"))


@RELAY
@pytest.mark.parametrize("name", NAMES)
def test_file_is_found_under_the_name_as_it_is(lab, client_kind, server_kind, name):
    server = lab.server(server_kind)
    (server.authorized_keys.parent / name).write_text(lab.keys.user.public + "\n")
    server.authorized_keys.unlink()
    server.user = name
    lab.local_forward(client_kind, server)
    line = server.wait_for_log(lambda line: line.startswith("Accepted publickey for "))
    assert line.startswith(f"Accepted publickey for {name} from {LOOPBACK} port ")


@RELAY
def test_wildcard_as_a_name_finds_nobody_elses_file(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    server.user = "*"
    client = lab.client(client_kind, server, wait=False)
    assert client.wait() != 0
    assert "Accepted" not in server.log()

"""Why a listener is refused: the reply has no room for it, so the relay says it in a message of its own (SSH_MSG_DEBUG)."""

import pytest

from harness.network import free_port, wait_until

pytestmark = pytest.mark.ours_only("sshd does not say why")
REMOTE = {"ssh": "Remote: ", "swssh": "Remote: ", "plink": "Remote debug message: "}
CLIENTS = pytest.mark.parametrize("kind", REMOTE)


def _hears(lab, kind, server, listen, user=None):
    """What the client reads of why it gets no listener."""
    options = [*([] if kind == "swssh" else ["-v"]), *(["-l", user] if user else [])]
    client = lab.client(kind, server, remote=[f"{listen}:{lab.target}"], wait=False, options=options)
    wait_until(lambda: f"{REMOTE[kind]}no listener on" in client.log(), 20, "the reason")
    return next(line for line in client.log().splitlines() if f"{REMOTE[kind]}no listener on" in line)


@CLIENTS
def test_the_rule_is_told(lab, kind):
    text = f'permitlisten="4444" {lab.keys.user.public}\n'
    server = lab.server("relay", authorized_keys=text)
    port = free_port()
    heard = _hears(lab, kind, server, port)
    assert f":{port}: " in heard and 'permitlisten="4444"' in heard, heard
    assert str(server.authorized_keys) not in heard


@CLIENTS
def test_another_connection_of_the_account_is_named(lab, kind):
    server = lab.server("relay")
    _, port = lab.remote_forward("swssh", server)
    heard = _hears(lab, kind, server, port)
    assert "a connection of this account from 127.0.0.1 port" in heard and "which is alive" in heard, heard


def test_another_account_is_not(lab):
    server = lab.server("relay")
    (server.authorized_keys.parent / "other").write_text(lab.keys.user.public + "\n")
    _, port = lab.remote_forward("swssh", server)
    heard = _hears(lab, "swssh", server, port, user="other")
    assert heard.endswith(f":{port}: another connection holds it [ListenTakeover same-key-if-silent]"), heard

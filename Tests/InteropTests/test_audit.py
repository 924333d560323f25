"""The line that each tunnel leaves behind, for programs that count."""

import json

import pytest

from harness import traffic
from harness.lab import transfer
from harness.settings import MIB, USER

STOCK = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("sshd writes no such lines")


@STOCK
def test_numbers_of_a_tunnel_are_numbers_in_json(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["LogFormat json"])
    client, port = lab.local_forward(client_kind, server)
    transfer(traffic.connect(port), MIB)
    line = json.loads(server.wait_for_log(lambda line: '"event":"tunnel"' in line))
    # What the far end sends is more than the answer: its digest of what it got comes last.
    assert line["sent"] > MIB and line["received"] > MIB and line["sent"] != line["received"]
    assert isinstance(line["sent"], int) and isinstance(line["received"], int)
    assert isinstance(line["seconds"], float) and 0 < line["seconds"] < 60
    assert (line["account"], line["key"], line["kind"]) == (USER, lab.keys.user.fingerprint, "direct-tcpip")
    client.stop()
    # All lines of one connection have its number.
    lines = [json.loads(text) for text in server.log().splitlines()]
    accepted = next(other for other in lines if other["message"].startswith("Accepted publickey"))
    assert line["connection"] == accepted["connection"] and isinstance(line["connection"], int)

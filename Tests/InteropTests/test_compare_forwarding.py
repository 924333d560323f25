"""The same file and the same request to relay and to sshd: generated policies, and every answer compared.

COMPARE_SEED=n makes others; COMPARE_CONFIGURATIONS=n makes more. A failure names its seed.
"""

import collections
import os
import random

import pytest

from harness import settings
from harness.comparison import Comparison, Pair, ask, readable_folder
from harness.network import free_port
from harness.policies import SOURCES, TARGETS, USERS, Policies, make_key
from harness.requester import OPENED

SEED = int(os.environ.get("COMPARE_SEED", 1))
CONFIGURATIONS = int(os.environ.get("COMPARE_CONFIGURATIONS", 12))
KEYS = 8
LISTENS = 6
OPENS = 4
# Deliberate differences:
# - a port below 1024 needs a rule that names it, because no user id says here who may have it; none is generated;
# - a port above 65535, or 0 to connect to, is refused by a rule; sshd takes its lower 16 bits, or tries to connect;
# - Unix sockets, with a default of our own, are for test_unix_sockets.py.
LEAST = {"comparisons": 500, "refused login": 10, "listening": 50, "no listening": 50, "opened": 10}
# Reason codes of RFC 4254 §5.1.
PROHIBITED = 1
REASONS = {OPENED: "opened", PROHIBITED: "prohibited", 2: "connect failed"}

pytestmark = pytest.mark.skipif(not settings.RELAY, reason="sshd would be compared with itself")

# What was answered in all configurations together: a generator that asks nothing of interest must not pass.
answered = collections.Counter()


def listen_and_cancel(client, host, port, cancelled_as):
    answer, bound = client.listen(host, port)
    if not answer[0]:
        return [answer]
    answers = [answer]
    if cancelled_as != host or port == 0:
        # Neither another spelling nor the 0 that was asked for is the listener's name.
        answers.append(client.cancel(cancelled_as, port))
    answers.append(client.listen(host, bound)[0])
    answers.append(client.cancel(host, bound))
    answers.append(client.cancel(host, bound))
    return answers


def ask_to_listen(clients, *request):
    if request[1] > 65535:
        answer = listen_and_cancel(clients["relay"], *request)
        return {"relay": answer, "sshd": [(False, frozenset(), False)]}
    answers = ask(clients, lambda client: listen_and_cancel(client, *request))
    if request[1] == 0 and answers["relay"] != answers["sshd"]:
        # The port that the system chose for one family may have been taken for the other.
        answers = ask(clients, lambda client: listen_and_cancel(client, *request))
    return answers


def ask_to_open(clients, host, port):
    if 0 < port <= 65535:
        return ask(clients, lambda client: client.open(host, port))
    return {"relay": clients["relay"].open(host, port), "sshd": PROHIBITED}


def test_generated_policies_get_the_same_answers_from_both(lab):
    for number in range(CONFIGURATIONS):
        compare_policies(lab, number)
    print(dict(answered))
    # Enough of each answer, or the generator has lost its way. Fewer configurations than usual: fewer answers.
    assert all(answered[kind] * 12 >= least * min(CONFIGURATIONS, 12) for kind, least in LEAST.items()), answered


def compare_policies(lab, number):
    seed = SEED * 1000 + number
    source = random.Random(seed)
    names = {name: free_port() for name in ("p1", "p2", "p3", "p4", "closed")} | {"open": lab.traffic.port}
    policies = Policies(source, {**names, "first": "{first}", "second": "{second}"})
    config, match = policies.configuration()
    credentials = []
    lines = {user: [] for user in USERS}
    for _ in range(KEYS):
        key, public = make_key(source)
        user = source.choice(USERS)
        lines[user] += policies.key_lines(public)
        credentials.append((user, key, public))
    comparison = Comparison()
    with readable_folder() as folder:
        for user, keys in lines.items():
            (folder / user).write_text("\n".join(keys) + "\n")
        pair = Pair(lab, folder, config, match, TARGETS[1])
        for user, key, public in credentials:
            way = (user, key, source.choice(SOURCES), source.choice(TARGETS), source.random() < 0.5)
            compare_one_key(pair, comparison, policies, way, [line for line in lines[user] if public in line])
    print(f"seed {seed}: {comparison.count} comparisons")
    differences = "\n".join(comparison.differences)
    assert not differences, f"seed {seed}\n{differences}\n\n{pair.text}"


def compare_one_key(pair, comparison, policies, way, lines):
    # Asked for before the login, so that its answer does not change what comes later from the same seed.
    listens = [policies.listen_request() for _ in range(LISTENS)]
    opens = [policies.open_request() for _ in range(OPENS)]
    place = f"{way[0]} {way[2:]} {lines}"
    with pair.clients(*way) as clients:
        logged_in = {kind: client is not None for kind, client in clients.items()}
        comparison.compare(f"{place} logs in", logged_in)
        answered["comparisons"] += 1
        if not all(logged_in.values()):
            answered["refused login"] += 1
            return
        for request in listens:
            answers = ask_to_listen(clients, *request)
            comparison.compare(f"{place} listens and cancels {request}", answers)
            answered.update(["comparisons", "listening" if answers["sshd"][0][0] else "no listening"])
        for host, port in opens:
            answers = ask_to_open(clients, host, port)
            comparison.compare(f"{place} opens {host!r} {port}", answers)
            answered.update(["comparisons", REASONS.get(answers["sshd"], "another reason")])

"""The command line that the scripted clients share: ssh's own words for forwards."""

import argparse
import re


def parse(*, dynamic=False):
    parser = argparse.ArgumentParser()
    parser.add_argument("-i", dest="key", required=True)
    parser.add_argument("-k", dest="known_hosts", required=True)
    parser.add_argument("-c", dest="cipher")
    parser.add_argument("-x", dest="key_exchange")
    parser.add_argument("-r", dest="rekey_bytes", type=int, help="renew the keys after so many bytes")
    parser.add_argument("-a", dest="ask_seconds", type=float, help="ask the server for a sign of life so often")
    parser.add_argument("-L", dest="local", action="append", default=[])
    parser.add_argument("-R", dest="remote", action="append", default=[])
    if dynamic:
        parser.add_argument("-D", dest="dynamic", action="append", default=[])
    parser.add_argument("-W", dest="stdio")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("user")
    return parser.parse_args()


def forward(spec, default_bind):
    """`[bind_address:]port:host:hostport` in its four parts."""
    words = [word.strip("[]") for word in re.findall(r"\[.*?\]|[^:]+", spec)]
    if len(words) == 3:
        words.insert(0, default_bind)
    return words[0], int(words[1]), words[2], int(words[3])

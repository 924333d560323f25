"""Every option of authorized_keys: what stands in front of the key, and what the key may then do.

An answer is `refused`, or the words of `logs in, listens, opens` that hold: for a login from 127.0.0.1 at noon, for a
request to listen on localhost:{p1}, and for one to open 127.0.0.1:{open}. All of them were put to sshd.
"""

REFUSED = "refused"
NOTHING = "logs in"
LISTENS = "logs in, listens"
OPENS = "logs in, opens"
ALL = "logs in, listens, opens"

_UNQUOTED = [("{option}", REFUSED), ("{option}=x", REFUSED), ('{option}="x', REFUSED)]


def _flag(name, answer):
    """A word that stands alone, in any case, and takes no value."""
    wrong = [f'{name}="yes"', f"{name}=", f"{name}x"]
    return [(name, answer), (name.upper(), answer), *((text, REFUSED) for text in wrong)]


def _harmless(name):
    return [*_flag(name, ALL), (f"restrict,{name}", NOTHING)]


def _valued(name, rows):
    return [*((text.format(option=name), answer) for text, answer in _UNQUOTED), *rows]


# Options that are words alone.
WORDS = {
    "": [("", ALL), (",", ALL), (",,", ALL), (",restrict,", NOTHING)],
    "agent-forwarding": _harmless("agent-forwarding"),
    "no-agent-forwarding": _harmless("no-agent-forwarding"),
    "pty": _harmless("pty"),
    "no-pty": _harmless("no-pty"),
    "user-rc": _harmless("user-rc"),
    "no-user-rc": _harmless("no-user-rc"),
    "x11-forwarding": _harmless("x11-forwarding"),
    "no-x11-forwarding": _harmless("no-x11-forwarding"),
    # About security keys: without meaning for others.
    "touch-required": _harmless("touch-required"),
    "no-touch-required": _harmless("no-touch-required"),
    "verify-required": _harmless("verify-required"),
    "no-verify-required": _harmless("no-verify-required"),
    "restrict": [
        *_flag("restrict", NOTHING),
        ("restrict,restrict", NOTHING),
        ("no-restrict", REFUSED),
        ('restrict,permitlisten="{p1}",permitopen="127.0.0.1:{open}"', NOTHING),
        ("restrict,,pty", NOTHING),
        ("restrict;pty", REFUSED),
        ("restrict pty", REFUSED),
        ("restrict, pty", REFUSED),
    ],
    "port-forwarding": [
        *_flag("port-forwarding", ALL),
        ("restrict,port-forwarding", ALL),
        ("port-forwarding,restrict", NOTHING),
        ("no-port-forwarding,port-forwarding", ALL),
    ],
    "no-port-forwarding": [
        *_flag("no-port-forwarding", NOTHING),
        ("port-forwarding,no-port-forwarding", NOTHING),
        ("restrict,port-forwarding,no-port-forwarding", NOTHING),
        ("no-no-port-forwarding", REFUSED),
    ],
    # A line about an authority lets no plain key in.
    "cert-authority": _flag("cert-authority", REFUSED),
    "no-cert-authority": [("no-cert-authority", REFUSED)],
    "unknown": [
        ("unknown", REFUSED),
        ('unknown="1"', REFUSED),
        ("restrict,unknown", REFUSED),
        ("=", REFUSED),
        ('"', REFUSED),
        ('"restrict"', REFUSED),
        ("'restrict'", REFUSED),
        ("permit-port-forwarding", REFUSED),
        ("no-restrict", REFUSED),
    ],
}

# Options with a value.
VALUES = {
    "permitlisten": _valued(
        "permitlisten",
        [
            ('permitlisten="{p1}"', ALL),
            ('PermitListen="{p1}"', ALL),
            ('permitlisten="{p2}"', OPENS),
            ('permitlisten="{p2}",permitlisten="{p1}"', ALL),
            ('permitlisten="*"', ALL),
            ('permitlisten="*:*"', ALL),
            ('permitlisten="localhost:{p1}"', ALL),
            ('permitlisten="LOCALHOST:{p1}"', OPENS),
            ('permitlisten="local*:{p1}"', ALL),
            ('permitlisten="l?calhost:{p1}"', ALL),
            ('permitlisten="127.0.0.1:{p1}"', OPENS),
            ('permitlisten="[localhost]:{p1}"', ALL),
            ('permitlisten=":{p1}"', OPENS),
            ('permitlisten="[::1]:{p1}"', OPENS),
            ('permitlisten="+{p1}"', ALL),
            ('permitlisten="0{p1}"', ALL),
            ('permitlisten="ssh"', OPENS),
            ('permitlisten="!localhost:{p1}"', OPENS),
            ('permitlisten="any"', REFUSED),
            ('permitlisten="none"', REFUSED),
            ('permitlisten="0"', REFUSED),
            ('permitlisten="localhost:0"', REFUSED),
            ('permitlisten="65536"', REFUSED),
            ('permitlisten="-1"', REFUSED),
            ('permitlisten=""', REFUSED),
            ('permitlisten="localhost:"', REFUSED),
            ('permitlisten="a:b:1"', REFUSED),
            ('permitlisten="a/1"', REFUSED),
            ('permitlisten="::1:{p1}"', REFUSED),
            ('permitlisten="[::1:{p1}"', REFUSED),
            ('permitlisten="[::1]"', REFUSED),
            ('permitlisten="{p1},{p2}"', REFUSED),
            ('permitlisten="{p1}" ,pty', REFUSED),
            ('permitlisten="{p1}"x', REFUSED),
        ],
    ),
    "permitopen": _valued(
        "permitopen",
        [
            ('permitopen="127.0.0.1:{open}"', ALL),
            ('PERMITOPEN="127.0.0.1:{open}"', ALL),
            ('permitopen="127.0.0.1:{p1}"', LISTENS),
            ('permitopen="127.0.0.1:{p1}",permitopen="127.0.0.1:{open}"', ALL),
            ('permitopen="*:{open}"', ALL),
            ('permitopen="127.0.0.1:*"', ALL),
            ('permitopen="*:*"', ALL),
            ('permitopen="127.0.0.*:{open}"', LISTENS),
            ('permitopen="localhost:{open}"', LISTENS),
            ('permitopen="[127.0.0.1]:{open}"', ALL),
            ('permitopen=":{open}"', LISTENS),
            ('permitopen="127.0.0.1:0{open}"', ALL),
            ('permitopen="127.0.0.1:ssh"', LISTENS),
            ('permitopen="{open}"', REFUSED),
            ('permitopen="127.0.0.1"', REFUSED),
            ('permitopen="127.0.0.1:"', REFUSED),
            ('permitopen="127.0.0.1:0"', REFUSED),
            ('permitopen="127.0.0.1:65536"', REFUSED),
            ('permitopen="127.0.0.1:-1"', REFUSED),
            ('permitopen="any"', REFUSED),
            ('permitopen="none"', REFUSED),
            ('permitopen=""', REFUSED),
            ('permitopen="*"', REFUSED),
            ('permitopen="[::1:{open}"', REFUSED),
        ],
    ),
    "from": _valued(
        "from",
        [
            ('from="127.0.0.1"', ALL),
            ('FROM="127.0.0.1"', ALL),
            ('from="127.0.0.3"', REFUSED),
            ('from="127.0.0.3,127.0.0.1"', ALL),
            ('from="127.0.0.0/8"', ALL),
            ('from="127.0.0.1/32"', ALL),
            ('from="0.0.0.0/0"', ALL),
            ('from="::/0"', REFUSED),
            ('from="::ffff:127.0.0.1"', REFUSED),
            ('from="127.0.0.*"', ALL),
            ('from="127.0.0.?"', ALL),
            ('from="*"', ALL),
            ('from="!127.0.0.3,*"', ALL),
            ('from="!127.0.0.1,*"', REFUSED),
            ('from="*,!127.0.0.1"', REFUSED),
            ('from="127.0.0.1,!127.0.0.0/8"', REFUSED),
            ('from="!127.0.0.3"', REFUSED),
            ('from="!10.0.0.0/8,127.0.0.1"', ALL),
            ('from="LOCALHOST,127.*"', ALL),
            ('from="127.0.0.1/8"', REFUSED),
            ('from="127.0.0.1/33"', REFUSED),
            ('from="127.0.0.1/"', REFUSED),
            ('from="127.0.0.0/8/8"', REFUSED),
            ('from="127.0.0.1,10.0.0.1/8"', REFUSED),
            ('from=""', REFUSED),
            ('from=","', REFUSED),
            ('from="127.0.0.1,"', REFUSED),
            ('from="127.0.0.1,,127.0.0.3"', REFUSED),
            ('from=" 127.0.0.1"', REFUSED),
            ('from="127.1"', ALL),
            ('from="0x7f000001"', ALL),
            ('from="2130706433"', ALL),
            ('from="0177.0.0.1/32"', ALL),
            ('from="!127.1,*"', REFUSED),
            ('from="127/8"', REFUSED),
            ('from="127.0.0.1",from="127.0.0.1"', REFUSED),
        ],
    ),
    "expiry-time": _valued(
        "expiry-time",
        [
            ('expiry-time="20991231"', ALL),
            ('expiry-time="209912312359"', ALL),
            ('expiry-time="20991231235959"', ALL),
            ('expiry-time="20991231Z"', ALL),
            ('expiry-time="209912312359Z"', ALL),
            ('expiry-time="20991231235959UTC"', ALL),
            ('expiry-time="20991231z"', ALL),
            ('expiry-time="20991231utc"', ALL),
            ('expiry-time="20990231"', ALL),
            ('expiry-time="20200101"', REFUSED),
            ('expiry-time="20200101Z"', REFUSED),
            ('expiry-time="20991231",expiry-time="20981231"', ALL),
            ('expiry-time="20991231",expiry-time="20200101"', REFUSED),
            ('expiry-time="20200101",expiry-time="20991231"', REFUSED),
            ('expiry-time="yesterday"', REFUSED),
            ('expiry-time=""', REFUSED),
            ('expiry-time="20991301"', REFUSED),
            ('expiry-time="20990132"', REFUSED),
            ('expiry-time="20990001"', REFUSED),
            ('expiry-time="20990100"', REFUSED),
            ('expiry-time="209901012400"', REFUSED),
            ('expiry-time="209901012360"', REFUSED),
            ('expiry-time="20990101235961"', ALL),
            ('expiry-time="20990101235962"', REFUSED),
            ('expiry-time="2099010"', REFUSED),
            ('expiry-time="2099010112"', REFUSED),
            ('expiry-time="2099-01-01"', REFUSED),
            ('expiry-time="+52w"', REFUSED),
            ('expiry-time="always"', REFUSED),
            ('expiry-time="20990101X"', REFUSED),
            ('expiry-time="20990101 "', REFUSED),
            ('expiry-time="00000101"', REFUSED),
            ('expiry-time="99991231"', ALL),
        ],
    ),
    "command": _valued(
        "command",
        [
            ('command="echo x"', ALL),
            ('COMMAND="echo x"', ALL),
            ('command=""', ALL),
            ('command="echo \\"a, b\\" \\\\n"', ALL),
            ('command="a",command="b"', REFUSED),
            ('command="a",command="a"', REFUSED),
            ('command="a\\"', REFUSED),
            ('command="a"b', REFUSED),
            ('command="a" b', REFUSED),
            ('restrict,command="a"', NOTHING),
        ],
    ),
    "environment": _valued(
        "environment",
        [
            ('environment="A=b"', ALL),
            ('environment="A_1=b=c"', ALL),
            ('environment="A="', ALL),
            ('environment="1A=x"', ALL),
            ('environment="A=b",environment="A=c"', ALL),
            ('environment="A"', REFUSED),
            ('environment="=x"', REFUSED),
            ('environment=""', REFUSED),
            ('environment="A B=c"', REFUSED),
            ('environment="A-B=c"', REFUSED),
        ],
    ),
    "tunnel": _valued(
        "tunnel",
        [
            ('tunnel="0"', ALL),
            ('tunnel="5"', ALL),
            ('tunnel="any"', ALL),
            ('tunnel="0",tunnel="1"', ALL),
            ('tunnel="ANY"', ALL),
            ('tunnel=""', REFUSED),
            ('tunnel="-1"', REFUSED),
            ('tunnel="0:1"', REFUSED),
            ('tunnel="99999999999"', REFUSED),
        ],
    ),
    "principals": _valued(
        "principals",
        [
            ('principals="{user}"', REFUSED),
            ('cert-authority,principals="{user}"', REFUSED),
        ],
    ),
}

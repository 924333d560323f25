"""The meter behind scripts/bench: ours and stock OpenSSH side by side, in turns, on loopback."""

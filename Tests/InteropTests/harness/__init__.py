"""What the interop tests stand on: programs, keys, traffic and the checks that nothing is left behind."""

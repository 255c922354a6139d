"""The command line: one file a command; ``options`` says what it takes, ``do`` does it."""

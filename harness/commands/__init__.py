"""The commands, one file each: ``options`` says what a command takes, ``do`` does it."""

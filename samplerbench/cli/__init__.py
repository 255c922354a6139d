"""The command line: a file for each command, with ``add_parser`` and ``execute``."""

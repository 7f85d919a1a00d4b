#!/usr/bin/env python3
"""The command line: what is accepted and becomes which machine, and what each mistake is told.

    REPRISE=build/reprise tests/cli/run.py [MODULE...]
"""
import importlib
import sys

sys.dont_write_bytecode = True
import harness  # pylint: disable=wrong-import-position

MODULES = ["basics", "drives", "devices", "machine", "configfiles", "clients", "process", "images", "replays",
           "rubbish"]

for module in sys.argv[1:] or MODULES:
    importlib.import_module(module)
sys.exit(1 if harness.failures else 0)

#!/bin/bash
# Debian's gdb on our machine.
cd "$(dirname "$0")/../.." && exec tests/integration/gdb.py "$@"

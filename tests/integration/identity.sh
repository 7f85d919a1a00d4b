#!/bin/bash
# One run, and every way to play it.
cd "$(dirname "$0")/../.." && exec tests/integration/identity.py "$@"

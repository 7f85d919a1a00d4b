#!/bin/bash
# QMP on real sockets.
cd "$(dirname "$0")/../.."
exec tests/integration/qmp.py

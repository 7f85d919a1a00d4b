#!/bin/bash
# Snapshots, branches, recordings begun at run time, replays that go on live.
cd "$(dirname "$0")/../.."
exec tests/integration/snapshots.py

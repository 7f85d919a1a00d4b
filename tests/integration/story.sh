#!/bin/bash
# README's story, as it stands there.
cd "$(dirname "$0")/../.." && exec tests/integration/story.py "$@"

#!/bin/bash
exec "$(dirname "$0")/attacks.py" "$@"

#!/bin/bash
exec "$(dirname "$0")/attacks_host.py" "$@"

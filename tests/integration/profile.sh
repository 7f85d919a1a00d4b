#!/bin/bash
cd "$(dirname "$0")/../.." && exec tests/integration/profile.py

#!/bin/bash
# Installs the packages of the given lists that are missing (tools/deps.list). Needs root only if
# something is missing.
set -eu
missing=()
while read -r package _; do
    case $package in '' | '#'*) continue ;; esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing+=("$package")
done < <(cat "$@")
[ ${#missing[@]} -gt 0 ] || exit 0

echo "deps: missing: ${missing[*]}" >&2
if [ "$(id -u)" != 0 ]; then
    echo "deps: this needs root. Run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-cache policy "${missing[0]}" 2>/dev/null | grep -q 'Candidate: [0-9]' ||
    apt-get update -q >&2
apt-get install -q -y --no-install-recommends "${missing[@]}" >&2 || {
    echo "deps: apt-get could not install them (see above); is the network there?" >&2
    exit 1
}

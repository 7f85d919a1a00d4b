#!/bin/bash
# mkguest.sh OUTPUT.h: assembles guest.asm into kRubbishGuest.
set -euo pipefail
output=$(realpath -m "$1")
cd "$(dirname "$0")"
trap 'rm -f "$output.bin"' EXIT
nasm -f bin -o "$output.bin" guest.asm
{
  echo "// Generated from tests/rubbish/guest.asm."
  echo "#pragma once"
  echo "namespace reprise::rubbish {"
  echo "inline constexpr unsigned char kRubbishGuest[] = {"
  od -An -v -tu1 -w32 "$output.bin" | sed 's/ *\([0-9][0-9]*\)/\1,/g'
  echo "};"
  echo "}  // namespace reprise::rubbish"
} >"$output"

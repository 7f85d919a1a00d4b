#!/bin/bash
# mkbuiltin.sh OUTPUT: assembles the built-in guest into OUTPUT.bin, a BIOS image of 64 KiB, and
# writes OUTPUT.h (kBuiltinGuest in namespace reprise::tools).
set -euo pipefail
output=$(realpath -m "$1")
cd "$(dirname "$0")"
trap 'rm -f "$output.o"' EXIT
as --64 builtin.S -o "$output.o"
ld -m elf_x86_64 -T builtin.ld "$output.o" -o "$output.bin"
{
  echo "// Generated from tests/guests/builtin."
  echo "#pragma once"
  echo "namespace reprise::tools {"
  echo "inline constexpr unsigned char kBuiltinGuest[] = {"
  od -An -v -tu1 -w32 "$output.bin" | sed 's/ *\([0-9][0-9]*\)/\1,/g'
  echo "};"
  echo "}  // namespace reprise::tools"
} > "$output.h"

#!/bin/bash
# mkrom.sh SOURCE.S OUTPUT.rom: assembles an option ROM, fills in its length and checksums, and
# writes OUTPUT.rom and OUTPUT.rom.h (array NAME_rom in namespace reprise::rom).
set -euo pipefail
source=$1 output=$2
name=$(basename "$source" .S)
trap 'rm -f "$output".o "$output".bin' EXIT
as --32 -I "$(dirname "$source")" "$source" -o "$output".o
ld -m elf_i386 -Ttext 0 -e 0 --oformat binary "$output".o -o "$output".bin
bytes=$(od -An -v -tu1 "$output".bin | awk '
  { for (i = 1; i <= NF; i++) b[n++] = $i }
  function fix(at, first, count,   i, sum) {
    b[at] = 0
    for (i = first; i < first + count; i++) sum += b[i]
    b[at] = (256 - sum % 256) % 256
  }
  END {
    total = int((n + 1 + 511) / 512) * 512   # with room for the checksum
    for (i = n; i < total; i++) b[i] = 0
    b[2] = total / 512
    fix(32 + 9, 32, 32)                       # PnP header
    fix(total - 1, 0, total)
    for (i = 0; i < total; i++) printf "%d%s", b[i], i % 16 == 15 ? "\n" : " "
  }')
# shellcheck disable=SC2059,SC2086  # the bytes are numbers, and become an escaped string
printf "$(printf '\\x%02x' $bytes)" > "$output"
{
  echo "// Generated from $source."
  echo "#pragma once"
  echo "namespace reprise::rom {"
  echo "inline constexpr unsigned char ${name}_rom[] = {"
  tr ' \n' ',,' <<< "$bytes"
  echo "};"
  echo "}  // namespace reprise::rom"
} > "$output".h

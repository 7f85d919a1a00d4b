#!/bin/bash
# mkschema.sh OUTPUT.h: embeds qmp/schema/*.json (kSchemaFiles in namespace reprise::qmp).
set -euo pipefail
output=$(realpath -m "$1")
cd "$(dirname "$0")"
{
    echo "// Generated from qmp/schema."
    echo "#pragma once"
    echo "#include <string_view>"
    echo "namespace reprise::qmp {"
    echo "inline constexpr std::string_view kSchemaFiles[] = {"
    for file in *.json; do
        echo "R\"json($(cat "$file"))json\","
    done
    echo "};"
    echo "}  // namespace reprise::qmp"
} >"$output"

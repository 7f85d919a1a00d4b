#!/bin/bash
# The built-in guest's result is the program's exit status.
cd "$(dirname "$0")/../.."
. tests/lib.sh
for model in qemu64 486 pentium pentium2 core2duo Haswell max; do
    timeout 120 "$REPRISE" "${fixed[@]}" -cpu $model -display none -pace max -serial "file:$scratch/serial" \
        </dev/null >"$scratch/log" 2>&1
    status=$?
    [ $status = 0 ] && grep -aq '^SELF-TEST PASSED' "$scratch/serial"
    ok "built-in guest on $model: passes, status 0" $? "exit $status: $(tail -n 2 "$scratch/serial")"
done
# A copy that expects another sum.
cp -r tests/guests/builtin "$scratch/builtin"
sed -i 's/EQ %ebp, \$0x1A00EE8E/EQ %ebp, $0x1A00EE8F/' "$scratch/builtin/protected_tests.S"
"$scratch/builtin/mkbuiltin.sh" "$scratch/broken"
timeout 120 "$REPRISE" "${fixed[@]}" -display none -pace max -serial "file:$scratch/serial" \
    -bios "$scratch/broken.bin" -device isa-debug-exit </dev/null >"$scratch/log" 2>&1
status=$?
[ $status = 1 ] && grep -aq '^SELF-TEST FAILED 1 of' "$scratch/serial"
ok "built-in guest: a test fails, status 1" $? "exit $status: $(tail -n 2 "$scratch/serial")"
finish

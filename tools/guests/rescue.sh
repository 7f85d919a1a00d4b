# A rescue CD by grub-mkrescue; sourced by build.sh.
#
# Its menu waits for keys, from the keyboard alone, and is shown on the screen and the first serial
# port. Its first entry is of no use, so that a test has to choose or to type; the second turns the
# machine off, by ACPI.
iso=rescue.iso
if ! fresh $iso "$here"/{rescue,lib}.sh; then
    need grub-mkrescue grub-common
    need xorriso xorriso
    need mformat mtools
    fetch grub-pc-bin
    tree=$out/.rescue
    rm -rf "$tree"
    mkdir -p "$tree/boot/grub"
    cat >"$tree/boot/grub/grub.cfg" <<'CONFIG'
serial --unit=0 --speed=115200
terminal_output serial console
terminal_input console
set timeout=-1
menuentry "Nothing" {
    echo "nothing to see here"
}
menuentry "Turn off" {
    echo "GRUB turns off"
    halt
}
CONFIG
    find "$tree" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    grub-mkrescue -d "$out/packages/grub-pc-bin/usr/lib/grub/i386-pc" --locales= --fonts= --themes= \
        -o "$out/$iso.new" "$tree" >"$out/.mkrescue" 2>&1 ||
        { cat "$out/.mkrescue" >&2; die "grub-mkrescue could not make $iso"; }
    made $iso
    rm -rf "$tree" "$out/.mkrescue"
fi

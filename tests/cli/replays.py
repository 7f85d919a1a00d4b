"""A recording holds everything of the machine; what contradicts it names both values."""
import os
import tempfile

from harness import report, run, wrong

UUID = "12345678-90ab-cdef-1234-567890abcdef"
CODE = bytes([0xB0, 0x10, 0xE6, 0xF4, 0xF4])  # mov al, 10h; out 0F4h, al; hlt

with tempfile.TemporaryDirectory() as scratch:
    def path(name, content=b""):
        full = os.path.join(scratch, name)
        with open(full, "wb") as file:
            file.write(content)
        return full

    bios = path("bios", b"\0" * (65536 - 16) + CODE + b"\0" * (16 - len(CODE)))
    disk, notes = path("d.img", b"\0" * 1000000), path("notes", b"hello")
    record = os.path.join(scratch, "r")
    options = ["-bios", bios, "-hda", disk, "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
               "-boot", "d,once=c,menu=on", "-uuid", UUID, "-smbios", "type=1,serial=s",
               "-smbios", "type=11,value=a", "-fw_cfg", "opt/a,string=text", "-fw_cfg",
               "opt/b,file=" + notes, "-vga", "none", "-parallel", "none", "-g", "800x600",
               "-global", "isa-fdc.fdtypeA=none", "-no-acpi", "-no-hpet", "-display", "none"]
    live = run(*options, "-record", record, "-state-hash")
    replay = run("-replay", record, "-state-hash")
    same = live.stderr.splitlines()[-2:] == replay.stderr.splitlines()[-2:]
    report(live.returncode == 33 and replay.returncode == 33 and same and "state-hash" in live.stderr,
           "everything given, recorded and played", live.stderr + replay.stderr)
    done = run("-replay", record, "-state-hash", "-boot", "d,once=c,menu=on", "-uuid", UUID, "-smbios",
               "type=1,serial=s", "-smbios", "type=11,value=a", "-fw_cfg", "opt/a,string=text",
               "-fw_cfg", "opt/b,file=" + notes, "-vga", "none", "-parallel", "none", "-no-acpi",
               "-g", "800x600", "-global", "isa-fdc.fdtypeA=none", "-no-hpet", "-bios", bios)
    report(done.returncode == 33, "the same again beside -replay", done.stderr)
    plays = ["-replay", record]
    wrong([*plays, "-boot", "c"], "-boot", '"order":"c"', '"order":"d"')
    wrong([*plays, "-uuid", UUID.replace("1", "2")], "-uuid", UUID, UUID.replace("1", "2"))
    wrong([*plays, "-smbios", "type=1,serial=t"], "-smbios", '"t"', '"s"')
    wrong([*plays, "-vga", "std"], "-vga", "'std'", "'none'")
    wrong([*plays, "-parallel", "null"], "-parallel", "port 0", "none")
    wrong([*plays, "-g", "640x480"], "-g", "640", "800")
    wrong([*plays, "-global", "isa-fdc.fdtypeA=144"], "isa-fdc", '"144"', '"none"')
    wrong([*plays, "-machine", "acpi=on"], "-no-acpi", "true", "false")
    wrong([*plays, "-machine", "hpet=on"], "hpet", "true", "false")
    wrong([*plays, "-fw_cfg", "opt/a,string=other"], "opt/a", "another text")
    wrong([*plays, "-fw_cfg", "opt/c,string=other"], "opt/c", "no such file")
    wrong([*plays, "-fw_cfg", "opt/b,file=" + bios], "opt/b", "contradicts")
    wrong([*plays, "-smbios", "file=" + notes], "-smbios file=", "contradicts")
    wrong([*plays, "-hda", disk], "-hda", "-replay-disk")
    wrong([*plays, "-device", "ide-cd"], "-device ide-cd", "recorded")
    wrong([*plays, "-cdrom", disk], "-cdrom", "-replay-disk")

    # -nodefaults leaves the chips of the board and takes what is plugged in.
    bare = run("-nodefaults", "-bios", bios, "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
               "-display", "none", "-record", record)
    report(bare.returncode == 33 and run("-replay", record).returncode == 33, "-nodefaults, played",
           bare.stderr)

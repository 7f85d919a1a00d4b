"""-readconfig and -writeconfig."""
import os
import tempfile

from harness import MIB, config, config_of, drives, report, run, wrong

SAMPLE = """# a comment
[machine]
  type = "pc"
  accel = "tcg"

[memory]
  size = "64"
[boot-opts]
  order = "dc"
  menu = "on"
[drive "disk0"]
  file = "a,b.img"
  if = "none"
\t[device]
  driver = "ide-hd"
  drive = "disk0"
  bus = "ide.1"
[global]
  driver = "isa-fdc"
  property = "fdtypeA"
  value = "none"
[chardev "c"]
  backend = "null"
[device "s0"]
  driver = "isa-serial"
  chardev = "c"
[smp-opts]
  cpus = "2"
[name]
  guest = "it's"
"""

with tempfile.TemporaryDirectory() as scratch:
    def path(text, name="c.cfg"):
        full = os.path.join(scratch, name)
        with open(full, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return full

    sample = path(SAMPLE, "sample.cfg")
    config(["-readconfig", sample], ram_bytes=64 * MIB, cpus=2, name="it's", serial_ports=1,
           floppy_types=["none", "auto"])
    drives(["-nodefaults", "-readconfig", sample],
           {"id": "disk0", "interface": "ide", "bus": 1, "unit": 0, "file": "a,b.img"})
    config(["-m", "32", "-readconfig", sample], ram_bytes=64 * MIB)
    config(["-readconfig", sample, "-m", "32"], ram_bytes=32 * MIB)
    config(["-readconfig", path("")], cpus=1)
    config(["-readconfig", path("[memory]\nsize = \"16\"")], ram_bytes=16 * MIB)

    def bad(text, line, *parts):
        wrong(["-readconfig", path(text)], f"c.cfg:{line}: ", *parts)

    bad("size = \"1\"\n", 1, "[drive]")
    bad("[memory]\nsize = 1\n", 2, 'key = "value"')
    bad("[memory]\n\n# x\nsize = \"1\n", 4, 'key = "value"')
    bad("[memory]\nsize\n", 2, 'key = "value"')
    bad("[memory]\n= \"1\"\n", 2, 'key = "value"')
    bad("[memory]\nsize \"1\"\n", 2, 'key = "value"')
    bad("[memory\n", 1, "[section]")
    bad("[drive \"x]\n", 1, "[section]")
    bad("[]\n", 1)
    bad("[memroy]\n", 1, "memroy", "'memory'")
    bad("[memory]\nsize = \"x\"\n[name]\n", 1, "-m", "512M")
    bad("[drive]\nfiel = \"x\"\n", 1, "'file'")
    bad("[netdev \"n\"]\ntype = \"user\"\n", 1, "network")
    bad("\0\xff\xfe" * 100, 1)
    bad(b"[memory]\n\xff\xff = \"1\"\n", 1)
    wrong(["-readconfig", path("[memory]\n" + "x" * (2 << 20))], "c.cfg", "1 MiB")
    wrong(["-readconfig", path("[device \"e\"]\ndriver = \"ich9-usb-ehci1\"\n")], "USB", "yet")
    wrong(["-readconfig", scratch], scratch, "cannot be opened")
    wrong(["-readconfig", scratch + "/none"], "none", "cannot be opened")

    # What is written reads back as the same machine.
    fixed = ["-rtc", "base=2026-11-20", "-seed", "1"]
    options = [*fixed, "-m", "64", "-smp", "2", "-hda", "x,y.img", "-cdrom", "c.iso", "-drive",
               "if=none,id=q,file=z", "-device", "ide-hd,drive=q,id=dev", "-boot", "d,menu=on",
               "-global", "isa-fdc.fdtypeB=144", "-name", "n", "-smbios", "type=1,serial=s"]
    written = os.path.join(scratch, "written.cfg")
    first, errors = config_of([*options, "-writeconfig", written])
    second, more = config_of(["-readconfig", written, "-seed", "1"])
    report(first is not None and first == second, "-writeconfig, -readconfig", errors + more)
    done = run("-m", "64", "-writeconfig", "-", "-dump-config")
    report('[memory]\n  size = "64"\n' in done.stdout, "-writeconfig -", done.stdout)
    wrong(["-writeconfig", scratch + "/no/such"], "-writeconfig")

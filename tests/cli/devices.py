"""-device: what each kind takes, and what it becomes."""
from harness import config, drives, report, run, warns, wrong

DISK = ["-nodefaults", "-drive", "if=none,id=d,file=d.img"]
EXIT = {"kind": "isa-debug-exit"}

done = run("-device", "help")
names = [line.split('"')[1] for line in done.stdout.splitlines() if line.startswith('name "')]
report(done.returncode == 0 and {"ide-hd", "ide-cd", "floppy", "isa-serial", "VGA",
                                 "isa-debug-exit"} <= set(names), "-device help", done.stdout)
report('name "ide-hd", bus IDE, desc "virtual IDE disk"' in done.stdout, "-device help: as QEMU's",
       done.stdout)
report(run("-device", "?").stdout == done.stdout, "-device ?")
for name in names:
    for question in ("help", "?"):
        one = run("-device", name + "," + question)
        report(one.returncode == 0 and all(line.startswith(name + ".") and "=" in line
                                           for line in one.stdout.splitlines()),
               f"-device {name},{question}", one.stdout)

# Disks.
drives([*DISK, "-device", "ide-hd,drive=d"],
       {"id": "d", "interface": "ide", "bus": 0, "unit": 0, "media": "disk", "bootindex": -1})
drives([*DISK, "-device", "ide-hd,drive=d,bus=ide.1,unit=1,bootindex=3,serial=s,model=m,"
        "rerror=stop,werror=ignore"],
       {"bus": 1, "unit": 1, "bootindex": 3, "serial": "s", "model": "m", "rerror": "stop",
        "werror": "ignore"})
drives([*DISK, "-device", '{"driver":"ide-hd","drive":"d","bus":"ide.1","unit":0}'],
       {"bus": 1, "unit": 0})
drives([*DISK, "-device", "ide-cd,drive=d"], {"media": "cdrom", "read_only": True})
drives([*DISK, "-device", "ide-drive,drive=d"], {"media": "disk"})
drives([*DISK, "-device", "floppy,drive=d,unit=1"], {"interface": "floppy", "unit": 1})
drives([*DISK, "-global", "ide-hd.serial=G", "-device", "ide-hd,drive=d"], {"serial": "G"})
drives([*DISK, "-global", "ide-hd.serial=G", "-device", "ide-hd,drive=d,serial=S"], {"serial": "S"})
drives(["-nodefaults", "-device", "ide-cd,id=cd0,bus=ide.1"],
       {"id": "cd0", "media": "cdrom", "bus": 1, "unit": 0, "present": False})
drives(["-nodefaults", "-device", "ide-cd", "-device", "ide-cd"], {"unit": 0}, {"unit": 1})
# QEMU leaves its empty CD drive out when there is a -device for IDE, and likewise the floppy.
drives(["-drive", "if=none,id=d,file=x", "-device", "ide-hd,drive=d"], {"id": "d"},
       {"id": "floppy0"})
drives(["-device", "floppy"], {"interface": "floppy", "unit": 0}, {"id": "ide1-cd0"})

wrong(["-device", "ide-hd"], "drive=")
wrong(["-device", "ide-hd,drive=x"], "drive=x", "no -drive or -blockdev")
wrong([*DISK, "-device", "ide-hd,drive=e"], "drive=e", "'d'")
wrong(["-hda", "x", "-device", "ide-hd,drive=ide0-hd0"], "in use", "if=none")
wrong([*DISK, "-device", "ide-hd,drive=d", "-device", "ide-cd,drive=d"], "in use")
wrong([*DISK, "-hda", "x", "-device", "ide-hd,drive=d,unit=0,bus=ide.0"], "-hda x", "ide.0 unit 0")
wrong([*DISK, "-device", "ide-hd,drive=d,bus=ide.2"], "bus=ide.2", "ide.0 or ide.1")
wrong([*DISK, "-device", "ide-hd,drive=d,unit=2"], "unit=2", "0 to 1")
wrong([*DISK, "-device", "ide-hd,drive=d,bootindex=x"], "bootindex=x", "number")
wrong([*DISK, "-device", "ide-hd,drive=d,colour=red"], "colour", "no property", "drive")
wrong([*DISK, "-device", "ide-hd,drive=d,serail=x"], "'serial'")
wrong([*DISK, "-device", "floppy,drive=d,bus=floppy.1"], "floppy.1", "floppy.0")
wrong([*DISK, "-device", "ide-hd,drive=d,logical_block_size=4096"], "4096", "512")
wrong(["-drive", "if=none,id=d,file=x,readonly=on", "-device", "ide-hd,drive=d"], "read-only")
wrong(["-drive", "if=none,id=d", "-device", "ide-hd,drive=d"], "needs file=")
wrong(["-device", "ide-cd,id=a", "-device", "ide-cd,id=a"], "'a'", "too")

# Ports.
NULL = ["-chardev", "null,id=n"]
config([*NULL, "-nodefaults"], serial_ports=0, parallel_ports=0, vga="none", drives=[])
config([*NULL, "-device", "isa-serial,chardev=n"], serial_ports=1, parallel_ports=1)
config([*NULL, "-nodefaults", "-device", "isa-serial,chardev=n,index=0", "-device",
        '{"driver":"isa-serial","chardev":"n","id":"serial1","index":1}'], serial_ports=3)
config([*NULL, "-nodefaults", "-device", "isa-serial,chardev=n,iobase=0x3f8,irq=4"], serial_ports=1)
config([*NULL, "-serial", "null", "-device", "isa-serial,chardev=n"], serial_ports=3)
config([*NULL, "-nodefaults", "-device", "isa-parallel,chardev=n"], serial_ports=0, parallel_ports=1)
config(["-parallel", "none"], parallel_ports=0)
config(["-parallel", "null", "-parallel", "null"], parallel_ports=3)
config([*NULL, "-device", "isa-debugcon,iobase=0x402,chardev=n"], debugcon=True)
config([*NULL, "-device", "isa-debugcon,chardev=n"], debugcon=False)
config([*NULL, "-nodefaults", "-device", "isa-serial,chardev=n,index=1"], serial_ports=2)
config([*NULL, "-nodefaults", "-device", "isa-serial,chardev=n,index=3", "-device",
        "isa-serial,chardev=n,index=0"], serial_ports=9)
wrong([*NULL, "-serial", "null", "-device", "isa-serial,chardev=n,index=0"], "port 0 already")
wrong([*NULL, "-nodefaults", *["-device", "isa-serial,chardev=n"] * 5], "at most 4")
wrong([*NULL, "-device", "isa-serial,chardev=n,iobase=0x123"], "iobase=")
wrong(["-device", "isa-serial"], "chardev=")
wrong(["-device", "isa-serial,chardev=m"], "chardev:m")
wrong([*NULL, *["-device", "isa-serial,chardev=n"] * 5], "at most 4")
wrong([*NULL, *["-device", "isa-parallel,chardev=n"] * 4], "at most 3")
wrong(["-parallel", "null"] * 4, "3 parallel")
wrong([*NULL, "-device", "isa-debugcon,iobase=0x80,chardev=n"], "0xe9 or 0x402")
wrong([*NULL, "-debugcon", "null", "-device", "isa-debugcon,iobase=0x402,chardev=n"], "there is a")
wrong(["-parallel", "stdio", "-serial", "stdio"], "stdio", "more than one")

# Graphics.
config(["-vga", "none"], vga="none")
config(["-vga", "std"], vga="std")
config(["-nodefaults", "-device", "VGA"], vga="std")
config(["-nodefaults", "-device", "VGA,vgamem_mb=16,addr=0x2,bus=pci.0,xres=800,yres=600"],
       vga="std", xres=800, yres=600)
config(["-g", "1024x768x32"], xres=1024, yres=768)
config(["-g", "800x600"], xres=800, yres=600)
wrong(["-g", "800"], "WIDTHxHEIGHT")
wrong(["-g", "800x600x7"], "1024x768")
wrong(["-g", "99999x600"], "1024x768")
wrong(["-vga", "cirrus"], "cirrus", "yet", "std, none")
wrong(["-vga", "sdt"], "sdt", "'std'")
wrong(["-device", "VGA,vgamem_mb=32"], "vgamem_mb=32")
wrong(["-device", "VGA,addr=0x3"], "0x3", "0x2")
wrong(["-vga", "std", "-device", "VGA"], "one VGA")
wrong(["-device", "VGA,bus=pci.1"], "pci.1", "pci.0")
report("std " in run("-vga", "help").stdout, "-vga help")
config(["-global", "VGA.xres=800", "-global", "VGA.yres=600"], vga="std", xres=800, yres=600)
config(["-global", "VGA.xres=800", "-device", "VGA,xres=640"], vga="std", xres=640)
wrong(["-global", "VGA.edid=off"], "edid=off", "expected on")
wrong(["-global", "VGA.xrez=800"], "VGA.xrez=800", "'xres'")
wrong(["-global", "isa-serial.base=1"], "isa-serial", "iobase")
warns(["-global", "isa-fdc.driveA=x"], "isa-fdc.driveA=x", "no effect")

config(["-device", "isa-debug-exit,id=x,iobase=0xf4"], devices=[{**EXIT, "id": "x",
                                                                 "iobase": "0xf4"}])
config(["-global", "isa-debug-exit.iobase=0xf4", "-device", "isa-debug-exit"],
       devices=[{**EXIT, "iobase": "0xf4"}])
wrong(["-device", "isa-debug-exit"] * 2, "one is enough")
for driver, what in (("virtio-blk-pci,drive=x", "virtio"), ("e1000", "network"), ("usb-tablet", "USB"),
                     ("piix3-usb-uhci", "USB"), ("scsi-hd", "SCSI"), ("ahci", "AHCI"),
                     ("qxl-vga", "card"), ("pvpanic", "device"), ("intel-hda", "sound"),
                     ("pci-bridge", "bridge"), ("nvme", "NVMe")):
    wrong(["-device", driver], what, "yet", "-device help")
wrong(["-device", "ide-hdd"], "ide-hdd", "'ide-hd'")
wrong(["-device", ""], "no such device")

"""Disks, CDs and floppies: every spelling, and where they end up."""
from harness import config, drives, warns, wrong

CD = {"id": "ide1-cd0", "interface": "ide", "bus": 1, "unit": 0, "media": "cdrom",
      "present": False, "read_only": True}
FLOPPY = {"id": "floppy0", "interface": "floppy", "bus": 0, "unit": 0, "present": False}


def hd(bus, unit, **more):
    return {"id": f"ide{bus}-hd{unit}", "interface": "ide", "bus": bus, "unit": unit,
            "media": "disk", "file": "d.img", "present": True, "read_only": False, **more}


# What a machine has without being asked, as QEMU has it; and by the short options.
drives([], CD, FLOPPY)
drives(["-nodefaults"])
drives(["-hda", "/x/d.img"], hd(0, 0), CD, FLOPPY)
drives(["d.img"], hd(0, 0), CD, FLOPPY)
drives(["-m", "64", "d.img", "-S"], hd(0, 0), CD, FLOPPY)
drives(["-hdb", "d.img"], hd(0, 1), CD, FLOPPY)
drives(["-hdc", "d.img"], hd(1, 0), FLOPPY)
drives(["-hdd", "d.img"], hd(1, 1), CD, FLOPPY)
drives(["-cdrom", "d.iso"], {**CD, "present": True, "file": "d.iso"}, FLOPPY)
drives(["-fda", "a", "-fdb", "b"], {**FLOPPY, "present": True, "file": "a"},
       {**FLOPPY, "id": "floppy1", "unit": 1, "present": True, "file": "b"}, CD)
drives(["-hda", "a,b=c.img"], hd(0, 0, file="a,b=c.img"), CD, FLOPPY)

# -drive: the first free place, index, bus and unit.
drives(["-drive", "file=d.img"], hd(0, 0), CD, FLOPPY)
drives(["-drive", "file=d.img", "-drive", "file=d.img", "-drive", "file=d.img"],
       hd(0, 0), hd(0, 1), hd(1, 0), FLOPPY)
drives(["-drive", "file=d.img,index=3"], hd(1, 1), CD, FLOPPY)
drives(["-drive", "file=d.img,bus=1,unit=1"], hd(1, 1), CD, FLOPPY)
drives(["-drive", "file=d.img,bus=1"], hd(1, 0), FLOPPY)
drives(["-drive", "file=d.img,unit=1"], hd(0, 1), CD, FLOPPY)
drives(["-drive", "if=floppy,file=d.img,index=1"],
       {**FLOPPY, "id": "floppy1", "unit": 1, "present": True}, CD, FLOPPY)
drives(["-drive", "media=cdrom"], {**CD, "id": "ide0-cd0", "bus": 0}, CD, FLOPPY)
drives(["-drive", "if=none,file=d.img", "-drive", "if=none,file=d.img"],
       {"id": "none0", "interface": "none"}, {"id": "none1", "interface": "none"}, CD, FLOPPY)
drives(["-drive", "if=none,id=x,file=d.img"], {"id": "x", "interface": "none"}, CD, FLOPPY)
drives(["-nodefaults", "-drive", "file=d.img,id=disk,format=raw,media=disk,serial=S-1,cyls=100,"
        "heads=16,secs=63,werror=stop,rerror=ignore,trans=auto"],
       hd(0, 0, id="disk", format="raw", serial="S-1", cyls=100, heads=16, secs=63, werror="stop",
          rerror="ignore"))
drives(["-nodefaults", "-hda", "d.img", "-hdachs", "10,4,17"], hd(0, 0, cyls=10, heads=4, secs=17))
drives(["-nodefaults", "-drive", "file.driver=file,file.filename=d.img,driver=raw"], hd(0, 0))
drives(["-nodefaults", "-drive", '{"file.filename":"d.img","index":1}'], hd(0, 1))
for accepted in ("cache=none", "cache=unsafe", "aio=native", "aio=io_uring", "discard=unmap",
                 "detect-zeroes=on", "copy-on-read=off", "boot=on", "file.locking=off",
                 "throttling.iops-total=0", "bps=0"):
    drives(["-nodefaults", "-drive", "file=d.img," + accepted], hd(0, 0))
for spelling in ("readonly", "readonly=on", "read-only=on", "readonly=yes"):
    drives(["-nodefaults", "-drive", "if=floppy,file=a," + spelling],
           {**FLOPPY, "present": True, "read_only": True})
drives(["-nodefaults", "-drive", "if=floppy,file=a,readonly=off"], {**FLOPPY, "present": True})

# -snapshot is the default of snapshot=.
drives(["-snapshot", "-hda", "d.img", "-drive", "file=d.img,snapshot=off"],
       hd(0, 0, snapshot=True), hd(0, 1, snapshot=False), {**CD, "snapshot": False}, FLOPPY)
drives(["-nodefaults", "-drive", "file=d.img,snapshot"], hd(0, 0, snapshot=True))

wrong(["-hda", "a", "-hda", "b"], "-hda b", "-hda a is at ide bus 0, unit 0", "expected another")
wrong(["-hda", "a", "-drive", "file=b,index=0"], "file=b", "-hda a", "index 0")
wrong(["-cdrom", "a", "-drive", "file=b,bus=1,unit=0"], "file=b", "-cdrom a")
wrong(["-drive", "file=b,bus=1,unit=0", "-hdc", "c"], "-hdc c", "file=b,bus=1")
wrong(["-drive", "file=a"] + ["-hda", "b"], "-hda b", "-drive file=a")
wrong(["-drive", "file=x"] * 5, "every place of ide")
wrong(["-drive", "if=none,id=a,file=x", "-drive", "if=none,id=a,file=y"], "file=y", "file=x", "'a'")
wrong(["-drive", "file=x,id=a b"], "a b", "letters")
wrong(["-drive", "file=x,index=4"], "index=4", "0 to 3")
wrong(["-drive", "file=x,bus=2"], "bus=2", "0 to 1")
wrong(["-drive", "file=x,unit=2"], "unit=2", "0 to 1")
wrong(["-drive", "file=x,index=0,unit=0"], "index=", "expected one of the two")
wrong(["-drive", "file=x,if=floppy,index=2"], "index=2", "0 to 1")
wrong(["-drive", "file=x,if=none,index=0"], "index=", "if=ide")
for interface in ("virtio", "scsi", "sd", "pflash", "mtd", "xen"):
    wrong(["-drive", "file=x,if=" + interface], "if=" + interface, "yet", "ide, floppy, and none")
wrong(["-drive", "file=x,if=nvme"], "if=nvme", "ide, floppy, and none")
for image_format in ("qcow2", "vmdk", "vdi", "vhdx", "luks"):
    wrong(["-drive", "file=x,format=" + image_format], image_format, "yet", "expected raw")
wrong(["-drive", "file=x,format=rwa"], "rwa", "expected raw")
wrong(["-drive", "fiel=x"], "fiel", "'file'")
wrong(["-drive", "media=disk"], "needs file=")
wrong(["-drive", "media=tape,file=x"], "media=tape", "disk, cdrom")
wrong(["-drive", "if=floppy,media=cdrom,file=x"], "media=cdrom")
wrong(["-drive", "file=x,readonly=on"], "read-only", "snapshot=on")
wrong(["-drive", "file=x,readonly=maybe"], "readonly=maybe", "on or off")
wrong(["-drive", "file=x,serial=" + "x" * 21], "serial", "20")
wrong(["-drive", "file=x,cyls=10"], "go together")
wrong(["-drive", "file=x,cyls=0,heads=1,secs=1"], "cyls=0", "65535")
wrong(["-drive", "file=x,heads=17,cyls=1,secs=1"], "heads=17", "1 to 16")
wrong(["-hda", "x", "-hdachs", "10,4"], "secs", "number")
wrong(["-hdachs", "10,4,17"], "-hda before it")
wrong(["-drive", "file=x,trans=lba"], "trans=lba", "auto")
wrong(["-drive", "file=x,cache=warm"], "cache=warm", "writeback")
wrong(["-drive", "file=x,aio=posix"], "aio=posix", "threads")
wrong(["-drive", "file=x,discard=maybe"], "discard", "unmap")
wrong(["-drive", "file=x,detect-zeroes=maybe"], "detect-zeroes", "unmap")
wrong(["-drive", "file=x,copy-on-read=on"], "copy-on-read", "yet")
wrong(["-drive", "file=x,bps=100"], "bps", "throttling")
wrong(["-drive", "file=x,werror=panic"], "werror=panic", "enospc")
wrong(["-drive", "file=x,rerror=enospc"], "rerror=enospc", "report, ignore, stop")
wrong(["-drive", "file=nbd:localhost:10809"], "nbd:", "yet")
wrong(["-hda", "json:{}"], "json:", "yet")
wrong(["-drive", "{"], "JSON")
wrong(["-drive", '{"file":1.5}'], "JSON")

# -blockdev, for libvirt.
FILE = '{"driver":"file","filename":"/x/d.img","node-name":"f0","auto-read-only":true}'
RAW = '{"node-name":"n0","read-only":false,"driver":"raw","file":"f0"}'
IDE = '{"driver":"ide-hd","bus":"ide.0","unit":1,"drive":"n0","id":"ide0-0-1","bootindex":1}'
drives(["-nodefaults", "-blockdev", FILE, "-blockdev", RAW, "-device", IDE],
       hd(0, 1, id="n0", bootindex=1))
drives(["-nodefaults", "-blockdev", "driver=raw,node-name=n0,file.driver=file,file.filename=d.img",
        "-device", "ide-hd,drive=n0"], hd(0, 0, id="n0"))
wrong(["-blockdev", '{"driver":"qcow2","node-name":"a","file":"b"}'], "qcow2", "yet")
wrong(["-blockdev", "driver=file,node-name=a"], "filename=")
wrong(["-blockdev", "driver=file,filename=a"], "node-name=")
wrong(["-blockdev", "driver=raw,node-name=a"], "file=NODE")
wrong(["-blockdev", "driver=raw,node-name=a,file=b", "-device", "ide-hd,drive=a"], "file=b",
      "node-name")
wrong(["-blockdev", "driver=raw,node-name=a,file=a", "-device", "ide-hd,drive=a"], "file=a")
wrong(["-blockdev", FILE, "-blockdev", FILE], "twice")

# -global reaches drives that -drive made.
drives(["-nodefaults", "-hda", "d.img", "-global", "ide-hd.serial=G1"], hd(0, 0, serial="G1"))
config(["-global", "isa-fdc.fdtypeA=none"], floppy_types=["none", "auto"])
config(["-global", "driver=isa-fdc,property=fdtypeB,value=144"], floppy_types=["auto", "144"])
wrong(["-global", "isa-fdc.fdtypeA=360"], "fdtypeA=360", "144")
wrong(["-global", "isa-fdc.fdtypeC=144"], "fdtypeA or fdtypeB")
wrong(["-hda", "x", "-global", "ide-hd.colour=red"], "colour")
wrong(["-global", "nonsense"], "DRIVER.PROPERTY=VALUE")
wrong(["-global", "PIIX4_PM.disable_s3=0"], "disable_s3")
warns(["-global", "virtio-net.x=1"], "-global virtio-net.x=1", "no effect")
config(["-global", "kvm-pit.lost_tick_policy=delay", "-global", "PIIX4_PM.disable_s3=1"])

"""The board's options: machine, memory, boot order, names, what is accepted by habit."""
import os
import tempfile

from harness import GIB, MIB, config, config_of, report, run, warns, wrong

BOOT = {"order": "cad", "once": "", "menu": False, "strict": False, "check_floppy": True,
        "splash_time": -1, "reboot_timeout": -1}
UUID = "12345678-90ab-cdef-1234-567890abcdef"

for question in ("help", "?"):
    done = run("-machine", question)
    report(done.returncode == 0 and done.stdout.startswith("Supported machines are:\n") and
           "\npc " in done.stdout and "(default)" in done.stdout, "-machine " + question, done.stdout)
report(run("-M", "help").stdout == done.stdout, "-M help")

config(["-machine", "type=pc,accel=kvm:tcg,usb=off,dump-guest-core=off,mem-merge=off,vmport=off"])
config(["-M", "pc-i440fx-2.11,graphics=off,acpi=off,hpet=off"], acpi=False, hpet=False,
       graphics=False)
config(["-no-acpi", "-no-hpet"], acpi=False, hpet=False)
config(["-accel", "kvm", "-accel", "tcg,thread=single"])
config(["-object", "memory-backend-ram,id=pc.ram,size=134217728", "-machine",
        "pc,memory-backend=pc.ram"], ram_bytes=128 * MIB)
config(["-object", '{"qom-type":"memory-backend-ram","id":"m","size":1073741824}', "-m", "1G",
        "-machine", "memory-backend=m"], ram_bytes=GIB)
config(["-m", "size=1G,slots=0,maxmem=1G"], ram_bytes=GIB)
wrong(["-machine", "pc,usb=on"], "usb=on", "off")
wrong(["-machine", "pc-i440fx-7.2"], "pc-i440fx-7.2", "pc-i440fx-2.11")
wrong(["-machine", "none"], "none", "no such machine")
wrong(["-machine", "accel=kvm"], "kvm", "interp")
wrong(["-enable-kvm"], "-enable-kvm", "interpreter")
wrong(["-m", "1G,maxmem=2G,slots=2"], "hotplug")
wrong(["-object", "memory-backend-ram,id=m,size=1G", "-machine", "memory-backend=m"], "1 GiB",
      "128 MiB")
wrong(["-object", "memory-backend-ram,id=m,size=128M"], "memory-backend=m")
wrong(["-machine", "memory-backend=m"], "-object")
wrong(["-object", "rng-random,id=r"], "rng-random", "yet")
wrong(["-object", "secret"], "id=")

# -boot
config(["-boot", "c"], boot={**BOOT, "order": "c"})
config(["-boot", "order=dc,once=d,menu=on,strict=on,splash-time=5000,reboot-timeout=1000"],
       boot={"order": "dc", "once": "d", "menu": True, "strict": True, "check_floppy": True,
             "splash_time": 5000, "reboot_timeout": 1000})
config(["-boot", "menu=on", "-boot", "strict=on"], boot={**BOOT, "menu": True, "strict": True})
config(["-boot", "menu=on", "-no-fd-bootchk"], boot={**BOOT, "menu": True, "check_floppy": False})
config(["-boot", "reboot-timeout=-1"], boot=BOOT)
wrong(["-boot", "x"], "order=x", "c (disk)")
wrong(["-boot", "cc"], "'c'", "twice")
wrong(["-boot", "acdn"], "one to three")
wrong(["-boot", "once="], "one to three")
wrong(["-boot", "menu=perhaps"], "menu=perhaps", "on or off")
wrong(["-boot", "reboot-timeout=70000"], "65535")
wrong(["-boot", "odrer=c"], "'order'")

# Names and identities
config(["-uuid", UUID.upper()], uuid=UUID)
config(["-smbios", "type=1,uuid=" + UUID + ",manufacturer=Me,,you"], uuid=UUID,
       smbios={"1": {"manufacturer": "Me,you"}})
config(["-smbios", "type=0,vendor=v,release=1.2,uefi", "-smbios", "type=11,value=a,value=b",
        "-smbios", "type=11,value=c", "-smbios", "type=17,speed=1600"],
       smbios={"0": {"vendor": "v", "release": "1.2", "uefi": "on"},
               "11": {"value0": "a", "value1": "b", "value2": "c"}, "17": {"speed": "1600"}})
config(["-smbios", "type=2,product=p", "-smbios", "type=3,sku=s", "-smbios", "type=4,part=x"],
       smbios={"2": {"product": "p"}, "3": {"sku": "s"}, "4": {"part": "x"}})
config(["-name", "guest=a,process=b"], name="a")
config(["-name", "n,,1"], name="n,1")
wrong(["-uuid", "1234"], "1234", "8-4-4-4-12")
wrong(["-smbios", "type=1,uuid=x"], "8-4-4-4-12")
wrong(["-smbios", "type=1,seial=x"], "seial", "'serial'")
wrong(["-smbios", "type=5"], "0, 1, 2, 3, 4, 11 or 17")
wrong(["-smbios", "vendor=v"], "type=N")
wrong(["-smbios", "type=0,release=x"], "release=x", "1.16")
wrong(["-smbios", "file=a,type=1"], "alone")
wrong(["-smbios", "type=17,speed=fast"], "speed=fast")
wrong(["-name", "a,colour=red"], "colour")

# -fw_cfg: the content is the machine's, whatever file it came from.
with tempfile.TemporaryDirectory() as scratch:
    path = os.path.join(scratch, "f")
    with open(path, "w", encoding="ascii") as file:
        file.write("hello")
    text, _ = config_of(["-fw_cfg", "opt/x,string=hello"])
    report(bool(text) and text["blobs"]["fw_cfg:opt/x"]["size"] == 5, "-fw_cfg string=", text)
    wrong(["-fw_cfg", "name=opt/x,file=" + path + "2"], path + "2", "no such file")
    wrong(["-boot", "splash=" + path], "JPEG or BMP")
    wrong(["-smbios", "file=" + path], "structure")
    wrong(["-fw_cfg", "opt/x,string=a", "-fw_cfg", "name=opt/x,file=" + path], "twice")
wrong(["-fw_cfg", "opt/x"], "file=FILE and string=TEXT")
wrong(["-fw_cfg", "string=x"], "name=")
wrong(["-fw_cfg", "name=" + "x" * 56 + ",string=x"], "55")
warns(["-fw_cfg", "etc/x,string=x"], "etc/x", "opt/")
wrong(["-fw_cfg", "etc/e820,string=x"], "etc/e820", "has that file")

# What QEMU's users give by habit.
config(["-no-user-config", "-nodefconfig", "-k", "en-us", "-overcommit", "mem-lock=off",
        "-rtc", "base=2000-01-01,driftfix=slew,clock=vm", "-msg", "timestamp=on", "-sandbox", "off",
        "-realtime", "mlock=off", "-net", "none", "-vnc", "none", "-only-migratable"])
config(["-show-cursor", "-singlestep", "-tb-size", "8", "-clock", "hpet", "-localtime", "-compat",
        "deprecated-input=accept", "-async-teardown", "-enable-sync-profile"])
config(["-startdate", "2006-06-17T16:01:21"], rtc_base=1150560081)
wrong(["-startdate", "yesterday"], "yesterday", "2026-11-20T12:00:00")
config(["-audiodev", "none,id=a", "-machine", "pcspk-audiodev=a"])
wrong(["-audiodev", "none,id=a", "-machine", "pcspk-audiodev=b"], "pcspk-audiodev=b", "-audiodev")
wrong(["-machine", "pcspk-audiodev=b"], "pcspk-audiodev=b", "-audiodev")
config(["-nic", "none", "-cpu", "qemu64,enforce,migratable=no", "-smp",
        "1,sockets=1,dies=1,cores=1,threads=1,maxcpus=1"])
warns(["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
      "-sandbox", "no sandbox yet")
warns(["-overcommit", "mem-lock=on"], "mem-lock=on", "no effect")
wrong(["-rtc", "driftfix=fast"], "driftfix=fast", "none, slew")
wrong(["-k", "../x"], "-k ../x", "en-us")
wrong(["-usb"], "USB", "not there yet")
for option, what in (("-netdev", "network"), ("-incoming", "migration"),
                     ("-pflash", "flash"), ("-tpmdev", "TPM"),
                     ("-watchdog", "watchdog"), ("-spice", "SPICE"), ("-numa", "NUMA"),
                     ("-acpitable", "ACPI"), ("-vnc", "VNC"), ("-net", "network"),
                     ("-usbdevice", "USB"), ("-fsdev", "shared"), ("-rotate", "turned"),
                     ("-echr", "escape"), ("-audio", "sound"), ("-bt", "Bluetooth"),
                     ("-iscsi", "iSCSI"), ("-xen-domid", "Xen"), ("-dump-vmstate", "migration")):
    wrong([option, "x"], option + " x", "yet", what)
wrong(["-gdb", "file:x"], "-gdb file:x", "tcp::PORT", "stdio")
wrong(["-gdb", "tcp"], "-gdb tcp", "tcp:HOST:PORT")
wrong(["-gdb", "chardev:none"], "-gdb chardev:none", "id")
wrong(["-gdb", "stdio", "-serial", "stdio"], "stdio is used by more than one", "-gdb")
wrong(["-icount", "77"], "-icount", "shift")
for option in ("-full-screen", "-portrait", "-xen-attach", "-virtfs_synth"):
    wrong([option], option, "yet")
wrong(["-enable-hax"], "-enable-hax", "no accelerator")
wrong(["-id", "8006"], "Proxmox")
wrong(["-mon", "chardev=a,mode=control"], "-mon chardev:a", "id")
wrong(["-mon", "chardev=a,mode=qmp"], "mode=qmp", "readline, control")
wrong(["-mon", "chardev=a,pretty=on"], "pretty=on", "mode=control")
wrong(["-qmp", "stdio", "-serial", "stdio"], "stdio is used by more than one", "-qmp")
wrong(["-mon", "mode=readline"], "chardev=ID")
wrong(["-monitor", "null"] * 17, "at most 16 monitors")
config(["-monitor", "null", "-monitor", "null"])

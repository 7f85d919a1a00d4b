"""Command lines of programs that drive QEMU. What there is becomes a machine; the first thing that
there is not is named."""
from harness import MIB, config, drives, wrong

# libvirt, a plain domain; with its own raw disk in place of qcow2, and nothing for the network.
LIBVIRT = [
    "-name", "guest=d1,debug-threads=on", "-S",
    "-object", '{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/x/key"}',
    "-machine", "pc-i440fx-2.11,usb=off,dump-guest-core=off,memory-backend=pc.ram",
    "-accel", "tcg", "-cpu", "qemu64", "-m", "128",
    "-object", '{"qom-type":"memory-backend-ram","id":"pc.ram","size":134217728}',
    "-overcommit", "mem-lock=off", "-smp", "1,sockets=1,cores=1,threads=1",
    "-uuid", "c7a5fdbd-edaf-9455-926a-d65c16db1809", "-no-user-config", "-nodefaults",
    "-rtc", "base=utc", "-no-shutdown", "-boot", "strict=on",
    "-blockdev", '{"driver":"file","filename":"/x/d.img","node-name":"libvirt-1-storage",'
                 '"auto-read-only":true,"discard":"unmap"}',
    "-blockdev", '{"node-name":"libvirt-1-format","read-only":false,"driver":"raw",'
                 '"file":"libvirt-1-storage","backing":null}',
    "-device", '{"driver":"ide-hd","bus":"ide.0","unit":0,"drive":"libvirt-1-format",'
               '"id":"ide0-0-0","bootindex":1}',
    "-chardev", "null,id=charserial0",
    "-device", '{"driver":"isa-serial","chardev":"charserial0","id":"serial0","index":0}',
    "-device", '{"driver":"VGA","id":"video0","vgamem_mb":16,"bus":"pci.0","addr":"0x2"}',
    "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    "-msg", "timestamp=on"]
config(LIBVIRT, name="d1", ram_bytes=128 * MIB, serial_ports=1, parallel_ports=0, vga="std",
       uuid="c7a5fdbd-edaf-9455-926a-d65c16db1809")
drives(LIBVIRT, {"id": "libvirt-1-format", "bus": 0, "unit": 0, "bootindex": 1, "file": "d.img"})
wrong(["-device", '{"driver":"piix3-usb-uhci","id":"usb","bus":"pci.0","addr":"0x1.0x2"}'], "USB")
wrong(["-blockdev", '{"node-name":"libvirt-1-format","read-only":false,"driver":"qcow2",'
                    '"file":"libvirt-1-storage","backing":null}'], "qcow2")
wrong(["-chardev", "socket,id=charmonitor,fd=25,server=on,wait=off", "-mon",
       "chardev=charmonitor,id=monitor,mode=control"], "fd")
wrong(["-netdev", '{"type":"user","id":"hostnet0"}'], "network")
wrong(["-audiodev", '{"id":"audio1","driver":"none"}', "-vnc", "127.0.0.1:0,audiodev=audio1"],
      "vnc")
# Its probe of the emulator.
wrong(["-S", "-no-user-config", "-nodefaults", "-nographic", "-machine", "none,accel=kvm:tcg"],
      "none", "pc-i440fx-2.11")

# Proxmox VE: what its machines have in common, and the parts that it adds.
PROXMOX = [
    "-name", "simple,debug-threads=on", "-no-shutdown", "-pidfile", "/x/8006.pid", "-daemonize",
    "-smbios", "type=1,uuid=7b10d7af-b932-4c66-b2c3-3996152ec465",
    "-smp", "4,sockets=1,cores=4,maxcpus=4", "-nodefaults",
    "-boot", "menu=on,strict=on,reboot-timeout=1000", "-m", "768",
    "-machine", "type=pc,accel=tcg",
    "-drive", "if=none,id=drive-ide2,media=cdrom,aio=io_uring",
    "-device", "ide-cd,bus=ide.1,unit=0,drive=drive-ide2,id=ide2,bootindex=200",
    "-drive", "file=/x/vm-8006-disk-0.raw,if=none,id=drive-ide0,format=raw,cache=none,aio=native,"
              "detect-zeroes=on",
    "-device", "ide-hd,bus=ide.0,unit=0,drive=drive-ide0,id=ide0,bootindex=100",
    "-device", "VGA,id=vga,bus=pci.0,addr=0x2"]
config(PROXMOX, name="simple", cpus=4, serial_ports=0, parallel_ports=0, vga="std",
       uuid="7b10d7af-b932-4c66-b2c3-3996152ec465")
drives(PROXMOX, {"id": "drive-ide2", "bus": 1, "media": "cdrom", "bootindex": 200},
       {"id": "drive-ide0", "bus": 0, "media": "disk", "bootindex": 100})
wrong(["-id", "8006"], "-id 8006", "leave it out")
wrong(["-chardev", "socket,id=qmp-event,path=/x/s,reconnect=5"], "reconnect")
config(["-chardev", "socket,id=qmp,path=/x/8006.qmp,server=on,wait=off", "-mon",
        "chardev=qmp,mode=control"])
wrong(["-vnc", "unix:/x/8006.vnc,password=on"], "VNC")
wrong(["-cpu", "kvm64,enforce,+kvm_pv_eoi"], "kvm_pv_eoi")
wrong(["-device", "pci-bridge,id=pci.1,chassis_nr=1,bus=pci.0,addr=0x1e"], "bridge")
wrong(["-device", "piix3-usb-uhci,id=uhci,bus=pci.0,addr=0x1.0x2"], "USB")
wrong(["-iscsi", "initiator-name=iqn.1993-08.org.debian:01:aabbccddeeff"], "-iscsi")
wrong(["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=/x/OVMF_CODE.fd"], "pflash")
wrong(["-machine", "type=q35,accel=kvm"], "q35")

# openQA
OPENQA = ["-only-migratable", "-chardev", "file,id=serial0,path=serial0,append=on",
          "-serial", "chardev:serial0", "-global", "isa-fdc.fdtypeA=none", "-m", "1024",
          "-cpu", "qemu64", "-boot", "once=d", "-no-shutdown", "-S", "-vga", "std",
          "-blockdev", "driver=file,node-name=hd0-file,filename=/x/hd0,cache.no-flush=on",
          "-blockdev", "driver=raw,node-name=hd0,file=hd0-file,cache.no-flush=on",
          "-device", "ide-hd,id=hd0-device,drive=hd0,bootindex=0,serial=hd0",
          "-blockdev", "driver=file,node-name=cd0-file,filename=/x/cd.iso,read-only=on",
          "-blockdev", "driver=raw,node-name=cd0,file=cd0-file,read-only=on",
          "-device", "ide-cd,id=cd0-device,drive=cd0,serial=cd0"]
config(OPENQA, serial_ports=1, floppy_types=["none", "auto"], ram_bytes=1024 * MIB)
drives(OPENQA, {"id": "hd0", "bus": 0, "unit": 0, "serial": "hd0", "bootindex": 0},
       {"id": "cd0", "bus": 0, "unit": 1, "read_only": True, "media": "cdrom"},
       {"id": "floppy0"})
wrong(["-chardev", "ringbuf,id=serial0,logfile=serial0,logappend=on"], "ringbuf")
wrong(["-object", "rng-random,filename=/dev/urandom,id=rng0", "-device", "virtio-rng-pci,rng=rng0"],
      "rng-random")
wrong(["-netdev", "user,id=qanet0", "-device", "virtio-net,netdev=qanet0"], "network")

# Packer, whose options come in no order
PACKER = ["-m", "512M", "-drive", "file=output/packer,if=ide,cache=writeback,discard=ignore,"
          "format=raw", "-cdrom", "/x/cd.iso", "-boot", "once=d", "-machine", "type=pc,accel=tcg",
          "-name", "packer", "-display", "none", "-qmp", "unix:/x/s,server,nowait"]
config(PACKER, ram_bytes=512 * MIB, name="packer")
drives(PACKER, {"file": "packer", "id": "ide0-hd0"}, {"id": "ide1-cd0", "file": "cd.iso"},
       {"id": "floppy0"})
wrong(["-drive", "file=x,if=virtio,cache=writeback,discard=ignore,format=qcow2"], "qcow2")
wrong(["-drive", "file=x,if=virtio,cache=writeback,discard=ignore,format=raw"], "virtio")
wrong(["-vnc", "127.0.0.1:31"], "VNC")

# kvm-unit-tests, syzkaller, QEMU's own Python class
config(["-nodefaults", "-vnc", "none", "-serial", "null", "-device", "isa-debug-exit,iobase=0xf4,"
        "iosize=0x4", "-machine", "accel=tcg", "-kernel", "x.flat"], serial_ports=1)
wrong(["-nodefaults", "-device", "pc-testdev"], "pc-testdev", "yet")
config(["-m", "512", "-smp", "1", "-display", "none", "-serial", "null", "-no-reboot", "-name",
        "VM-0", "-hda", "x", "-snapshot", "-kernel", "k", "-append", "a=b"], name="VM-0")
config(["-display", "none", "-vga", "none", "-serial", "null", "-machine", "pc"], vga="none")
config(["-icount", "shift=7,sleep=off"], cpu_hz=7812500)
config(["-icount", "auto"], cpu_hz=1000000000)
wrong(["-icount", "shift=7,rr=replay,rrfile=/no/such/file"], "cannot open /no/such/file")
wrong(["-icount", "rr=play"], "rr=", "record, replay")

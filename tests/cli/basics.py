"""The options that every machine has: memory, processors, firmware, consoles, recordings."""
import os
import re
import socket
import tempfile

from harness import GIB, MIB, config, report, run, wrong

config([], machine="pc-i440fx-2.11", ram_bytes=128 * MIB, cpus=1, serial_ports=1, graphics=True)
config(["-m", "512"], ram_bytes=512 * MIB)
config(["-m", "512M"], ram_bytes=512 * MIB)
config(["-m", "1.5G"], ram_bytes=1536 * MIB)
config(["-m", "size=1G"], ram_bytes=GIB)
config(["-m", "1"], ram_bytes=MIB)
config(["-m", "64G"], ram_bytes=64 * GIB)
config(["-m", "1024k"], ram_bytes=MIB)
config(["--m", "2G", "-M", "pc"], ram_bytes=2 * GIB)
config(["-machine", "pc,hpet=off"], hpet=False)
config(["-smp", "2"], cpus=2)
config(["-smp", "cpus=4,cores=2,sockets=2,quantum=7000"], cpus=4, quantum=7000)
config(["-cpu", "max,+sse4.2,hypervisor=off,timing=test,clock=2000000000"], cpu_model="max",
       cpu_features=["+sse4.2", "-hypervisor"], timing="test", cpu_hz=2000000000)
config(["-rtc", "base=2026-11-20T12:00:00"], rtc_base=1795176000)
config(["-rtc", "base=1970-01-02"], rtc_base=86400)
config(["-rtc", "2000-02-29,clock=vm"], rtc_base=951782400)
config(["-nographic"], graphics=False, serial_ports=1)
config(["-serial", "null", "-serial", "stdio"], serial_ports=3)
config(["-serial", "none"], serial_ports=0)
config(["-serial", "none", "-serial", "null"], serial_ports=2)  # COM2 alone
config(["-serial", "null", "-serial", "none", "-serial", "null"], serial_ports=5)
config(["-parallel", "none", "-parallel", "null"], parallel_ports=2)
config(["-chardev", "null,id=n", "-serial", "chardev:n", "-debugcon", "null"], serial_ports=1,
       debugcon=True)
config(["-no-reboot", "-no-shutdown", "-S", "-display", "none"], reboot=False)
config(["-name", "guest=a,debug-threads=on", "-seed", "7"], name="a", seed=7)
config(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"],
       devices=[{"kind": "isa-debug-exit", "iobase": "0xf4", "iosize": "0x04"}])
config(["-kernel", "k", "-append", "a=b,c -x"], append="a=b,c -x")
config(["-m", "1G", "-m", "2G"], ram_bytes=2 * GIB)

wrong(["-nographics"], "-nographics", "did you mean '-nographic'")
wrong(["-kernal", "x"], "-kernal", "did you mean '-kernel'")
wrong(["--replya", "x"], "-replya", "'-replay'")
wrong(["-zzzzzz"], "-zzzzzz", "-help")
wrong(["-m"], "-m", "expected SIZE")
wrong(["-m", "-smp"], "-m")
wrong(["-m", "banana"], "-m banana", "512M")
wrong(["-m", "0"], "-m 0", "1 MiB")
wrong(["-m", "2T"], "-m 2T", "1 TiB")
wrong(["-m", "99999999999999999999"], "-m", "too large")
wrong(["-m", "sise=1G"], "sise", "did you mean 'size'")
wrong(["-smp", "0"], "-smp", "1 to 255")
wrong(["-smp", "two"], "-smp", "number", "two")
wrong(["-smp", "2,sockets=3"], "sockets", "3", "2")
wrong(["-smp", "1,quantm=5"], "quantm", "'quantum'")
wrong(["-cpu", "qemu46"], "-cpu qemu46", "'qemu64'")
wrong(["-cpu", "max,+ss4.2"], "+ss4.2", "'sse4.2'")
wrong(["-cpu", "max,-sse2"], "needs sse2")
wrong(["-cpu", "max,timing=tset"], "tset", "'test'")
wrong(["-cpu", "max,clock=0"], "clock=0", "Hz")
wrong(["-machine", "q35"], "q35", "pc")
wrong(["-M", "pc,acel=x"], "acel", "'accel'")
wrong(["-rtc", "base=yesterday"], "yesterday", "utc, localtime")
wrong(["-rtc", "base=2026-02-30"], "2026-02-30")
wrong(["-rtc", "clock=host"], "clock=host", "vm")
wrong(["-device", "isa-debug-exti"], "isa-debug-exti", "did you mean 'isa-debug-exit'")
wrong(["-device", "isa-debug-exit,iobase=0x10000"], "iobase=0x10000", "65535")
wrong(["-serial", "stdoi"], "-serial stdoi", "'stdio'")
wrong(["-serial", "chardev:x"], "chardev:x", "id")
wrong(["-serial", "tcp:nowhere"], "tcp", "HOST:PORT")
wrong(["-debugcon", "fiel:x"], "-debugcon fiel:x", "file:PATH")
wrong(["-serial", "stdio", "-monitor", "stdio"], "stdio", "more than one")
wrong(["-serial", "null"] * 5, "4 serial ports")
wrong(["-chardev", "null"], "-chardev", "id")
wrong(["-chardev", "pty,id=a"], "pty", "file")
wrong(["-chardev", "null,id=a", "-chardev", "null,id=a"], "twice")
wrong(["-d", "in_sam"], "in_sam", "'in_asm'")
wrong(["-D", "x"], "-D x", "-d")
wrong(["-pace", "slow"], "slow", "real, max")
config(["-display", "sdl,gl=off,window-close=on"])
wrong(["-display", "sdl,windowclose=on"], "windowclose", "window-close")
report("curses" in run("-display", "help").stdout, "-display help")
wrong(["-display", "gtk"], "gtk", "none")
wrong(["-accel", "kvm"], "kvm", "interp")
wrong(["-initrd", "x"], "-initrd", "-kernel")
wrong(["-append", "x"], "-append", "-kernel")
wrong(["-record", "a", "-replay", "b"], "-record", "-replay")

wrong(["-test-slices", "0"], "-test-slices")
wrong(["-test-flip", "0"], "-test-flip")
wrong(["-test-flip", "5,x"], "-test-flip", "ICOUNT,once")
wrong(["-hash-at-text", ""], "-hash-at-text")

with tempfile.TemporaryDirectory() as scratch:
    def path(name, content=None):
        full = os.path.join(scratch, name)
        if content is not None:
            with open(full, "wb") as file:
                file.write(content)
        return full

    # A bzImage's header that promises 1 MiB.
    linux = bytearray(0x1000)
    linux[0x1F1], linux[0x1F4:0x1F8], linux[0x202:0x206] = 4, (65536).to_bytes(4, "little"), b"HdrS"
    wrong(["-kernel", path("none")], path("none"), "no such file")
    wrong(["-kernel", scratch], "directory")
    wrong(["-kernel", path("empty", b"")], "empty")
    wrong(["-kernel", path("short", b"MZ")], "too few", "truncated")
    wrong(["-kernel", path("cut", bytes(linux))], "truncated", "4096 bytes", str(2560 + 65536 * 16))
    wrong(["-kernel", path("text", b"x" * 5000)], "neither", "bzImage", "multiboot")
    wrong(["-kernel", path("elf", b"\x7fELF\1" + b"\0" * 5000)], "multiboot header")
    wrong(["-bios", path("none")], "-bios", "no such file")
    wrong(["-bios", path("odd", b"x" * 1000)], "-bios", "1000 bytes", "4 KiB")
    wrong(["-replay", path("none")], path("none"))
    wrong(["-replay", path("rubbish", b"x" * 5000)], "rubbish")
    wrong(["-replay", path("empty", b"")], "empty")
    wrong(["-record", path("no/such/dir")], "no/such/dir")
    wrong(["-D", path("no/such/dir"), "-d", "int"], "-D", "no/such/dir")
    wrong(["-serial", "file:" + path("no/such/dir")], "no/such/dir")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        wrong(["-serial", f"tcp:127.0.0.1:{port},server,nowait"], str(port), "in use")
    wrong(["-serial", f"unix:{scratch}/nobody"], "nobody")

done = run("-help")
report(done.returncode == 0 and "-nographic" in done.stdout and not done.stderr, "-help", done.stdout)
done = run("-cpu", "help")
models = done.stdout.split("\n")[1].split()
report(done.returncode == 0 and "qemu64" in models and "sse4.2" in done.stdout, "-cpu help", done.stdout)
for model in models:
    config(["-cpu", model], cpu_model=model)
done = run("-version")
report(done.returncode == 0 and re.match(r"QEMU emulator version (\d+)\.(\d+)\.(\d+)", done.stdout) is not None
       and "Reprise " in done.stdout, "-version", done.stdout)

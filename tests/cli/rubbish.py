"""What no one means: a message and exit status 1, soon, and in bounded memory."""
import os
import random
import resource
import tempfile

from harness import SANITIZED, config, report, run, wrong

BIG = "x" * 130000  # what one argument can hold


def survives(name, arguments, seconds=60, status=(0, 1)):
    def limit():
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    try:
        done = run(*arguments, timeout=seconds, preexec_fn=limit)
    except Exception as problem:  # pylint: disable=broad-except
        return report(False, name, repr(problem)[:300])
    longest = max((len(line) for line in done.stderr.splitlines()), default=0)
    said = done.returncode == 0 or done.stderr.startswith("reprise: ")
    report(done.returncode in status and said and longest < 5000, name,
           f"exit {done.returncode}: {done.stderr[:300]}")


# 10^4 of a kind
SMALL = "isa-debug-exit"
survives("-device 10^4 times", ["-device", SMALL] * 10000 + ["-dump-config"], status=(1,))
survives("-drive 10^4 times", ["-drive", "if=none,file=x"] * 10000 + ["-dump-config"], status=(1,))
survives("-device ide-cd 10^4 times", ["-device", "ide-cd"] * 10000 + ["-dump-config"], status=(1,))
survives("-serial 10^4 times", ["-serial", "null"] * 10000 + ["-dump-config"], status=(1,))
survives("-global 10^4 times", ["-global", "x.y=z"] * 10000 + ["-dump-config"])
survives("-chardev 10^4 times", [part for i in range(10000)
                                 for part in ("-chardev", f"null,id=c{i}")] + ["-dump-config"])
survives("-smbios 10^4 strings", ["-smbios", "type=11,value=x"] * 10000, status=(1,))
survives("-fw_cfg 10^3 files", [part for i in range(1000)
                                for part in ("-fw_cfg", f"opt/{i},string=x")], status=(1,))
survives("-name 10^4 times", ["-name", "x"] * 10000 + ["-dump-config"])

# As long as they can be
for option in ("-device", "-drive", "-machine", "-m", "-smp", "-cpu", "-boot", "-chardev", "-serial",
               "-global", "-rtc", "-d", "-pace", "-display", "-vga", "-g", "-uuid", "-smbios", "-fw_cfg",
               "-k", "-object", "-blockdev", "-readconfig", "-net", "-netdev", "-icount", "-id",
               "-monitor", "-accel", "-bios", "-kernel", "-replay", "-pidfile", "-D", "-hda"):
    survives(option + " 130 KB", [option, BIG], status=(1,))
survives("-name 130 KB", ["-name", BIG, "-dump-config"])
survives("130 KB of an option", ["-" + BIG], status=(1,))
survives("a property of 130 KB", ["-device", SMALL + ",id=" + BIG, "-dump-config"])
survives("a property of 130 KB, wrong", ["-device", SMALL + ",iobase=" + BIG], status=(1,))
survives("a serial of 130 KB", ["-drive", "file=x,serial=" + BIG], status=(1,))
survives("commas", ["-drive", "," * 100000], status=(1,))
survives("equals", ["-drive", "=" * 100000], status=(1,))
survives("JSON, deep", ["-device", '{"a":' * 20000 + "1" + "}" * 20000], status=(1,))
survives("JSON, deep lists", ["-device", '{"a":' + "[" * 60000 + "]" * 60000 + "}"], status=(1,))
survives("JSON, not closed", ["-device", "{" * 100000], status=(1,))
survives("JSON, wide", ["-device", '{"driver":"ide-cd",' +
                        ",".join(f'"k{i}":1' for i in range(9000)) + "}"], status=(1,))
for text in ("%s%s%s%n%n%n", "%99999d", "\x1b[2J\x07", "\n\n"):
    config(["-name", text], name=text)
    wrong(["-hda", "nbd:" + text, "-drive", "x"], "nbd:")
    wrong(["-x" + text], "no such option")
    wrong(["-device", text], "no such device")

# Files of options: anything at all, many seeds.
with tempfile.TemporaryDirectory() as scratch:
    name = os.path.join(scratch, "f.cfg")
    words = ["[drive]", "[device \"a\"]", "[machine]", "[memory]", "[chardev \"c\"]", "[global]", "[",
             "]", "\"", "=", "file", "driver", "size", "id", "=\"", "\"\n", "\n", " ", "#", "\0", "\xff",
             "ide-hd", "null", "backend = \"null\"\n", "if = \"none\"\n", "size = \"16\"\n", "[boot-opts]",
             "[readconfig]", "[smp-opts]\ncpus = \"2\"\n", "[rtc]\nbase = \"utc\"\n", ",", "%s%n"]
    bad = []
    for seed in range(150):
        rng = random.Random(seed)
        text = "".join(rng.choice(words) for _ in range(rng.randrange(60)))
        with open(name, "wb") as file:
            file.write(text.encode("latin1"))
        done = run("-readconfig", name, "-dump-config")
        if done.returncode not in (0, 1) or (done.returncode and
                                             not done.stderr.startswith("reprise: ")):
            bad.append((seed, done.returncode, done.stderr[:100]))
    report(not bad, "-readconfig: 150 files of rubbish", bad[:3])
    with open(name, "wb") as file:
        file.write(b"[device \"a\"]\ndriver = \"" + b"x" * (1 << 20) + b"\"\n")
    survives("-readconfig: a property of 1 MiB", ["-readconfig", name], status=(1,))
    with open(name, "wb") as file:
        file.write(b"[drive]\nif = \"none\"\nfile = \"x\"\n" * 10000)
    survives("-readconfig: 10^4 drives", ["-readconfig", name], status=(1,))
    with open(name, "wb") as file:
        file.write(os.urandom(1 << 19))
    survives("-readconfig: noise", ["-readconfig", name], status=(1,))
    survives("-readconfig /dev/zero", ["-readconfig", "/dev/zero"], status=(1,))

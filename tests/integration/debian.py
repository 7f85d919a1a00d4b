"""A Debian system on a disk that is written: systemd to a login, a package installed, files written, a program
compiled and run, four programs at a time whose output the host computes too, turned off in good order."""
import hashlib
import subprocess

from machine import GUESTS, report

FUNCTIONS = 2000
# f1 .. fN, each of which calls the one before; what comes out is the sum.
SOURCE = (f'(echo "#include <stdio.h>"; echo "int f0(int x) {{ return x; }}"; for i in $(seq {FUNCTIONS}); do '
          'echo "int f$i(int x) { return x * $i + f$((i - 1))(x); }"; done; '
          f'echo "int main(void) {{ printf(\\"sum %d\\\\n\\", f{FUNCTIONS}(7)); return 0; }}") >/made/sum.c')
SUM = 7 * (1 + FUNCTIONS * (FUNCTIONS + 1) // 2)
MADE = 'for n in 0 1 511 512 4097 70000 1500000; do yes "one $n" | head -c $n >/made/one.$n; done'
# Integers, doubles that add up, sorting, strings: what it prints is the same on any machine.
PERL = ('my ($x, @all, %roots) = @ARGV; for my $i (1 .. 50000) { $x = ($x * 1103515245 + 12345) & 0x7fffffff; '
        'push @all, $x % 9973; $roots{$x % 613} += sqrt($x) / 3 } print join(",", sort { $a <=> $b } @all), "\\n"; '
        'printf "%s %.17g %s\\n", $_, $roots{$_}, unpack("H*", reverse $_) for sort keys %roots')
SEEDS = "11", "222", "3333", "44444"
PERLS = (f"for n in {' '.join(SEEDS)}; do perl -e '{PERL}' $n >/made/perl.$n & done; wait; "
         f"cat {' '.join('/made/perl.' + seed for seed in SEEDS)} | sha256sum")


def perl_sum():
    """As this host's processor computes it."""
    said = (subprocess.run(["perl", "-e", PERL, seed], stdout=subprocess.PIPE, check=True).stdout for seed in SEEDS)
    return hashlib.sha256(b"".join(said)).hexdigest()


DIALOGUE = [("reprise login: ", "root"), ("Password: ", "reprise"), (":~# ", "dpkg -i hello*.deb"),
            ("Setting up hello", "hello; systemctl is-system-running"), ("running", ""),
            (":~# ", f"mkdir -p /made/deep/er; {MADE}; mv /made/one.1 /made/deep/er/"),
            (":~# ", SOURCE), (":~# ", "tcc -o /made/sum /made/sum.c && /made/sum"), (f"sum {SUM}", ""),
            (":~# ", PERLS), (perl_sum, ""),
            (":~# ", "sync; echo sync''ed"), ("synced", "systemctl poweroff"),
            ("reboot: Power down", None)]


def disk(image):
    """The arguments; the image is a copy of its own."""
    subprocess.run(["cp", "--sparse=always", f"{GUESTS}/debian.img", image], check=True)
    return ["-m", "512", "-drive", f"file={image},format=raw"]


def play(machine):
    start = 0
    for prompt, answer in DIALOGUE:
        prompt = prompt() if callable(prompt) else prompt
        if not machine.wait_for(prompt.encode(), start, 1200):
            print(f"no {prompt!r}")
            return False
        start = len(machine.output)
        if answer is not None:
            machine.type(answer + "\n")
    return b"Hello, world!" in machine.output


def e2fsck(name, image):
    done = subprocess.run(["e2fsck", "-fn", image], capture_output=True, text=True)
    report(done.returncode == 0, f"{name}: e2fsck", done.stdout[-500:] + done.stderr[-300:])

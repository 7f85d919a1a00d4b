"""The program as a process: -pidfile, -daemonize, closed streams, limits, links where files go."""
import os
import re
import resource
import signal
import subprocess
import tempfile
import time

from harness import REPRISE, SANITIZED, report, run, wrong

# A machine that runs for ever and says nothing.
QUIET = ["-display", "none", "-serial", "null", "-m", "4", "-S", "-monitor", "null"]


def wait_for(condition, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def alive(pid):
    """Not gone, and not waiting for its parent to notice that it is."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def stop(process):
    process.terminate()
    return process.wait(timeout=30)


with tempfile.TemporaryDirectory() as scratch:
    def path(name):
        return os.path.join(scratch, name)

    def content(name):
        with open(path(name), encoding="ascii") as file:
            return file.read()

    # -pidfile: there while the program runs, and the program's own.
    process = subprocess.Popen([REPRISE, *QUIET, "-pidfile", "p"], cwd=scratch,
                               stdin=subprocess.DEVNULL)
    report(wait_for(lambda: os.path.exists(path("p")) and content("p") == f"{process.pid}\n"),
           "-pidfile: holds the process id")
    wrong([*QUIET, "-pidfile", path("p")], "-pidfile", "another process")
    report(content("p") == f"{process.pid}\n", "-pidfile: a second program leaves it as it is")
    report(stop(process) == 0 and not os.path.exists(path("p")), "-pidfile: gone at the end")
    os.symlink(path("victim"), path("link"))
    with open(path("victim"), "w", encoding="ascii") as file:
        file.write("precious")
    wrong([*QUIET, "-pidfile", path("link")], "-pidfile", "symbolic link")
    os.link(path("victim"), path("hard"))
    wrong([*QUIET, "-pidfile", path("hard")], "-pidfile", "one name")
    report(content("victim") == "precious", "-pidfile: no link leads it to another file")
    wrong([*QUIET, "-pidfile", scratch], "-pidfile", "directory")
    wrong([*QUIET, "-pidfile", "/dev/full"], "-pidfile", "regular")
    os.mkfifo(path("fifo"))
    wrong([*QUIET, "-pidfile", path("fifo")], "-pidfile", "regular")
    wrong([*QUIET, "-pidfile", path("no/such")], "-pidfile", "no such file")
    wrong([*QUIET, "-parallel", "file:" + path("no/such")], "-parallel file:", "no such file")
    wrong([*QUIET[:-2], "-monitor", "file:" + path("no/such")], "-monitor file:", "no such file")

    # -daemonize: back when the socket listens and the pidfile is written.
    done = run(*QUIET[:-2], "-daemonize", "-pidfile", "d", "-monitor", "unix:m,server,nowait",
               cwd=scratch)
    pid = int(content("d")) if os.path.exists(path("d")) else 0
    report(done.returncode == 0 and pid and alive(pid) and os.path.exists(path("m")),
           "-daemonize: the machine is there when it returns", done.stderr)
    if pid:
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (0, 1, 2)]
        report(links == ["/dev/null"] * 3 and os.readlink(f"/proc/{pid}/cwd") == "/",
               "-daemonize: holds neither terminal nor directory", links)
        report(os.getsid(pid) != os.getsid(0), "-daemonize: a session of its own")
        os.kill(pid, signal.SIGTERM)
        report(wait_for(lambda: not alive(pid)) and not os.path.exists(path("d")),
               "-daemonize: SIGTERM ends it, and its pidfile goes")
    wrong([*QUIET, "-daemonize", "-bios", path("none")], "-bios", "no such file")
    wrong([*QUIET, "-daemonize", "-pidfile", path("link")], "symbolic link")
    wrong(["-daemonize", "-nographic"], "-daemonize", "-nographic")
    wrong(["-daemonize", "-serial", "stdio"], "-daemonize", "stdio")

    # SIGTERM at any time after the machine is ready ends it in good order.
    statuses = set()
    for _ in range(40):
        process = subprocess.Popen([REPRISE, *QUIET, "-pidfile", "t"], cwd=scratch,
                                   stdin=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(path("t")))
        statuses.add((stop(process), os.path.exists(path("t"))))
    report(statuses == {(0, False)}, "SIGTERM: exit status 0, each time", statuses)

    # Standard streams that are closed: nothing that is opened takes their place.
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" "$@" {closed}', REPRISE, "-display", "none", "-m", "4",
             "-serial", "stdio", "-state-hash", "-record", path("closed.rec")],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        played = run("-replay", path("closed.rec"), "-state-hash")
        report(played.returncode == done.returncode and "state-hash" in played.stderr,
               f"streams {closed}: the recording is a recording", played.stderr)
    # A reader that goes away.
    done = subprocess.run(["sh", "-c", '"$0" -help | true; "$0" -d int -display none -m 4 '
                           '-device isa-debug-exit -serial stdio | true', REPRISE],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    report(done.returncode == 0, "a pipe whose reader is gone", done.stderr)

    # Limits of the host: a message, not a crash.
    def limited(what, value, arguments):
        return run(*arguments, preexec_fn=lambda: resource.setrlimit(what, (value, value)))

    for files in range(3, 14):
        done = limited(resource.RLIMIT_NOFILE, files,
                       ["-display", "none", "-m", "4", "-device", "isa-debug-exit", "-serial",
                        "file:" + path("s"), "-record", path("n.rec")])
        if done.returncode < 0 or (done.returncode == 1 and "reprise: " not in done.stderr
                                   and files < 4):
            report(False, f"{files} open files", f"{done.returncode} {done.stderr[:300]}")
            break
    else:
        report(True, "few open files: no crash")
    done = limited(resource.RLIMIT_FSIZE, 4096, ["-display", "none", "-m", "4", "-device",
                                                 "isa-debug-exit", "-record", path("f.rec")])
    report(done.returncode == 1 and "f.rec" in done.stderr, "a limit on file sizes",
           f"{done.returncode} {done.stderr[:300]}")
    for megabytes in () if SANITIZED else (64, 200, 400):
        done = limited(resource.RLIMIT_AS, megabytes << 20, ["-display", "none", "-m", "1G"])
        report(done.returncode in (1, 127) and (done.stderr.startswith("reprise: ") or
                                                "error while loading" in done.stderr),
               f"{megabytes} MiB of address space for 1 GiB of RAM",
               f"{done.returncode} {done.stderr[:300]}")

    # -D follows a link, as QEMU does (/dev/stderr is one); its name is no format.
    done = run("-display", "none", "-m", "4", "-device", "isa-debug-exit", "-d", "int", "-D",
               "%s%n%n%s.log", cwd=scratch)
    report(os.path.exists(path("%s%n%n%s.log")), "-D %s%n: a name like any other", done.stderr)
    done = run("-d", "int", "-D", "/dev/stderr", "-display", "none", "-m", "4", "-device",
               "isa-debug-exit")
    report(done.returncode >= 0 and "v=" in done.stderr, "-D /dev/stderr", done.stderr[:200])

    # -msg timestamp=on
    done = run("-msg", "timestamp=on", "-bios", path("none"))
    report(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ reprise: -bios", done.stderr) is not None,
           "-msg timestamp=on", done.stderr)
    # -name process=
    process = subprocess.Popen([REPRISE, *QUIET, "-name", "a,process=%s%n"],
                               stdin=subprocess.DEVNULL)
    def comm():
        with open(f"/proc/{process.pid}/comm", encoding="ascii") as file:
            return file.read().strip()
    report(wait_for(lambda: comm() == "%s%n"), "-name process=", comm())
    stop(process)

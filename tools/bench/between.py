#!/usr/bin/env python3
"""between.py FROM TO COMMAND...: the wall-clock seconds from one text on the command's output to another."""
import subprocess
import sys
import time

begin_text, end_text, *command = sys.argv[1:]
begin = took = None
with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                      stderr=subprocess.STDOUT, bufsize=0) as process:
    said = b""
    while piece := process.stdout.read(4096):
        said += piece
        if begin is None and begin_text.encode() in said:
            begin = time.monotonic()
        if begin is not None and took is None and end_text.encode() in said:
            took = time.monotonic() - begin
if took is None:
    sys.exit(f"'{begin_text}' and '{end_text}' were not said by {' '.join(command)}")
print(f"{took:.2f}")

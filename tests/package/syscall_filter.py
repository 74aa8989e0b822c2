"""Runs a program under the system call filter of a systemd unit:
syscall_filter.py [--refuse CALL] UNIT PROGRAM ARGS...

The sets (@system-service ...) are those of the systemd that is installed. What the filter does not
allow ends the program with SIGSYS, whatever SystemCallErrorNumber says, so that a test sees it. CALL is one
that the program is known to try and to do without: it fails with EPERM, as under the unit.
"""
import errno
import os
import subprocess
import sys

import seccomp


def members(name):
    """The system calls of a set, or the one that is named."""
    if not name.startswith("@"):
        return {name}
    shown = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()[1:]
    found = set()
    for line in (line.strip() for line in shown):
        if line and not line.startswith("#"):
            found |= members(line)
    return found


def allowed(unit):
    """The system calls that the SystemCallFilter lines of a unit leave."""
    calls = members("@default")
    for line in open(unit, encoding="utf-8"):
        key, _, value = line.strip().partition("=")
        if key != "SystemCallFilter":
            continue
        named = set().union(*(members(name) for name in value.lstrip("~").split()))
        calls = calls - named if value.startswith("~") else calls | named
    return calls


args = sys.argv[1:]
refused = args[1] if args[0] == "--refuse" else None
unit, *command = args[2:] if refused else args
filter_ = seccomp.SyscallFilter(seccomp.KILL_PROCESS)
permitted = allowed(unit)
if refused:
    if refused in permitted:
        sys.exit(f"The filter of {unit} does not refuse {refused}")
    filter_.add_rule(seccomp.ERRNO(errno.EPERM), refused)
for call in sorted(permitted):
    try:
        filter_.add_rule(seccomp.ALLOW, call)
    except (OSError, RuntimeError, ValueError):
        pass  # a call that this architecture does not have
filter_.load()
os.execvp(command[0], command)

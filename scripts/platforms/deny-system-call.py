"""Runs a command in which one system call fails, as on an old kernel or in a strict container.

Usage: deny-system-call.py openat2|statx ENOSYS|EPERM COMMAND...
"""

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"openat2": 437, "statx": 332},
    "aarch64": {"openat2": 437, "statx": 291},
}
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ERRNO = 0x00050000
SECCOMP_RET_ALLOW = 0x7FFF0000
# Instructions of classic BPF.
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06


class SockFprog(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


call, error, *command = sys.argv[1:]
number = NUMBERS[platform.machine()][call]
program = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in [
        # `seccomp_data` begins with the number of the call.
        (LOAD_WORD, 0, 0, 0),
        (JUMP_IF_EQUAL, 0, 1, number),
        (RETURN, 0, 0, SECCOMP_RET_ERRNO | getattr(errno, error)),
        (RETURN, 0, 0, SECCOMP_RET_ALLOW),
    ]
)
buffer = ctypes.create_string_buffer(program, len(program))
libc = ctypes.CDLL(None, use_errno=True)
filters = SockFprog(len(program) // 8, ctypes.addressof(buffer))
for arguments in [
    (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
    (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filters), 0, 0),
]:
    if libc.prctl(*arguments) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
os.execvp(command[0], command)

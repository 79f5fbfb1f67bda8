"""A process that gives up what it does not need, for good, before it meets a stranger's model.

Three fences on Linux, by system calls alone, without privileges: each holds what the others let
through (measured: Landlock alone leaves sockets, a system call filter alone leaves reading files).

- Landlock (Linux 5.13 and later): no file may be opened but, for reading, those of the libraries.
- A filter of system calls (seccomp-BPF): a list of those that computing needs. No sockets, no other
  processes, no files for writing even where Landlock is missing; threads may start, nothing else.
- Limits: memory, size of files, open files, core dumps.

It must happen before other threads start. What holds on other systems is said by `Confinement`.
Layouts are those of linux/landlock.h, linux/seccomp.h and linux/filter.h.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Confinement:
    """What holds the process."""

    files: bool
    """Whether no file but the libraries' can be read (Landlock)."""

    calls: bool
    """Whether writing, sockets and other processes are out of reach (seccomp)."""

    limits: bool
    """Whether memory is limited."""

    @property
    def whole(self) -> bool:
        """Whether all fences stand."""
        return self.files and self.calls and self.limits

    @property
    def warning(self) -> str:
        """What is missing, as a sentence; empty when nothing is."""
        if self.whole:
            return ""
        if not self.calls:
            return (
                f"On this system ({platform.system()} {platform.machine()}) models of other programs run "
                "without a fence around their process: only the check of their program protects you. Open "
                "files only from people you trust."
            )
        if not self.files:
            return (
                "This Linux has no Landlock: a model of another program can write nothing and send nothing, "
                "but it could read your files. The check of its program still holds."
            )
        return "The memory of models of other programs is not limited on this system."


def available() -> Confinement:
    """What would hold a process on this machine; nothing is fenced in by asking."""
    linux = sys.platform.startswith("linux")
    files = calls = False
    if linux:
        libc = ctypes.CDLL(None, use_errno=True)
        files = libc.syscall(444, None, 0, 1) >= 1
        numbers = _ASKED.get(platform.machine())
        wanted = struct.pack("<I", _NO & 0xFFFF0000)
        # SECCOMP_GET_ACTION_AVAIL
        calls = numbers is not None and libc.syscall(numbers["seccomp"], 2, 0, wanted) == 0
    return Confinement(files=files, calls=calls, limits=importlib.util.find_spec("resource") is not None)


def confine(folders: Iterable[Path], memory_bytes: int) -> Confinement:
    """Fence in this process: read below `folders` alone, take no more than this memory."""
    limits = _limit(memory_bytes)
    if not sys.platform.startswith("linux"):
        return Confinement(files=False, calls=False, limits=limits)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: nobody looks into this memory, no core is written
    if libc.prctl(38, 1, 0, 0, 0) != 0:  # PR_SET_NO_NEW_PRIVS
        return Confinement(files=False, calls=False, limits=limits)
    files = _landlock(libc, folders)
    return Confinement(files=files, calls=_seccomp(libc), limits=limits)


def die_with_parent() -> None:
    """End this process when the one that started it ends (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL


def threads() -> int:
    """How many threads this process has; 1 where that cannot be told."""
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        return 1


def _limit(memory_bytes: int) -> bool:
    try:
        import resource
    except ImportError:  # Windows
        return False
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        most = _address_space() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (OSError, ValueError):
        return False
    return True


def _address_space() -> int:
    """Bytes of address space in use."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 8 << 30


# Landlock.

_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many kinds of access each version knows; later ones know 16."""


def _landlock(libc: ctypes.CDLL, folders: Iterable[Path]) -> bool:
    version = libc.syscall(444, None, 0, 1)  # landlock_create_ruleset, LANDLOCK_CREATE_RULESET_VERSION
    if version < 1:
        return False
    everything = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    network = 3 if version >= 4 else 0  # binding and connecting TCP sockets
    scoped = 3 if version >= 6 else 0  # abstract sockets and signals to others
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = struct.pack("<QQQ", everything, network, scoped)[:size]
    ruleset = libc.syscall(444, rules, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for folder in folders:
            _allow(libc, ruleset, folder)
        return bool(libc.syscall(446, ruleset, 0) == 0)  # landlock_restrict_self
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, place: Path) -> None:
    try:
        handle = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | _EXECUTE | (_READ_DIR if place.is_dir() else 0)
        libc.syscall(
            445, ruleset, 1, struct.pack("<Qi", rights, handle), 0
        )  # landlock_add_rule, PATH_BENEATH
    finally:
        os.close(handle)


# The filter of system calls.

_PLAIN = {
    "x86_64": """
        read=0 write=1 close=3 stat=4 fstat=5 lstat=6 poll=7 lseek=8 mmap=9 mprotect=10 munmap=11 brk=12
        rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 pread64=17 readv=19 writev=20 access=21
        select=23 sched_yield=24 mremap=25 mincore=27 madvise=28 dup=32 dup2=33 nanosleep=35 getpid=39
        exit=60 uname=63 fcntl=72 getcwd=79 readlink=89 gettimeofday=96 getrlimit=97 getrusage=98
        sysinfo=99 times=100 getuid=102 getgid=104 geteuid=107 getegid=108 sigaltstack=131
        sched_getparam=143 sched_getscheduler=145 sched_get_priority_max=146 sched_get_priority_min=147
        arch_prctl=158 gettid=186 time=201 futex=202 sched_setaffinity=203 sched_getaffinity=204
        getdents64=217 set_tid_address=218 restart_syscall=219 fadvise64=221 clock_gettime=228
        clock_getres=229 clock_nanosleep=230 exit_group=231 get_mempolicy=239 newfstatat=262
        readlinkat=267 faccessat=269 pselect6=270 ppoll=271 set_robust_list=273 get_robust_list=274
        dup3=292 getcpu=309 getrandom=318 membarrier=324 statx=332 rseq=334 faccessat2=439
    """,
    "aarch64": """
        dup=23 dup3=24 fcntl=25 faccessat=48 close=57 getdents64=61 lseek=62 read=63 write=64 readv=65
        writev=66 pread64=67 pselect6=72 ppoll=73 readlinkat=78 newfstatat=79 fstat=80 getcwd=17 exit=93
        exit_group=94 set_tid_address=96 futex=98 set_robust_list=99 get_robust_list=100 nanosleep=101
        clock_gettime=113 clock_getres=114 clock_nanosleep=115 sched_getscheduler=120 sched_getparam=121
        sched_setaffinity=122 sched_getaffinity=123 sched_yield=124 sched_get_priority_max=125
        sched_get_priority_min=126 restart_syscall=128 sigaltstack=132 rt_sigaction=134
        rt_sigprocmask=135 rt_sigreturn=139 times=153 uname=160 getrlimit=163 getrusage=165 getcpu=168
        gettimeofday=169 getpid=172 getuid=174 geteuid=175 getgid=176 getegid=177 gettid=178 sysinfo=179
        brk=214 munmap=215 mremap=216 mmap=222 fadvise64=223 mprotect=226 mincore=232 madvise=233
        get_mempolicy=236 getrandom=278 membarrier=283 statx=291 rseq=293 faccessat2=439
    """,
}
"""Calls that are let through whatever they ask, by processor."""

_ASKED = {
    "x86_64": {
        "open": 2,
        "clone": 56,
        "prctl": 157,
        "tgkill": 234,
        "openat": 257,
        "prlimit64": 302,
        "seccomp": 317,
    },
    "aarch64": {"clone": 220, "prctl": 167, "tgkill": 131, "openat": 56, "prlimit64": 261, "seccomp": 277},
}
"""Calls that are let through for some arguments."""

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NO = 0x00050000 | 1  # EPERM
_UNKNOWN = 0x00050000 | 38  # ENOSYS: libraries then try the older way

_WRITING = 0x1 | 0x2 | 0x40 | 0x200 | 0x400 | 0x400000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_TMPFILE."""

_NEW_NAMESPACES = 0x7E020080
_THREAD = 0x10000

_NEWEST = 440
"""From this number on calls did not exist when the list was made."""


def _statement(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("<HBBI", code, then, otherwise, value)


def _argument(index: int) -> bytes:
    """Load the low half of an argument."""
    return _statement(_LOAD, 16 + 8 * index)


def filter_program(machine: str, pid: int) -> bytes:
    """The filter, as instructions of the kernel's packet filter machine."""
    asked = _ASKED[machine]
    program = [
        _statement(_LOAD, 4),  # the processor that the call was made for
        _statement(_EQUAL, _AUDIT[machine], 1, 0),
        _statement(_RETURN, _KILL),
        _statement(_LOAD, 0),  # the call's number
    ]
    for entry in _PLAIN[machine].split():
        program += [_statement(_EQUAL, int(entry.partition("=")[2]), 0, 1), _statement(_RETURN, _ALLOW)]
    for name, argument in (("open", 1), ("openat", 2)):
        if name in asked:
            program += _when(
                asked[name],
                [_argument(argument), _statement(_ANY_BIT, _WRITING, 1, 0), *_answers(_ALLOW, _NO)],
            )
    program += _when(
        asked["clone"],
        [
            _argument(0),
            _statement(_ANY_BIT, _NEW_NAMESPACES, 2, 0),
            _statement(_ANY_BIT, _THREAD, 0, 1),
            *_answers(_ALLOW, _NO),
        ],
    )
    program += _when(asked["tgkill"], [_argument(0), _statement(_EQUAL, pid, 0, 1), *_answers(_ALLOW, _NO)])
    # A thread's name (PR_SET_NAME); no limit may be set anew (the new one must be none).
    program += _when(asked["prctl"], [_argument(0), _statement(_EQUAL, 15, 0, 1), *_answers(_ALLOW, _NO)])
    program += _when(
        asked["prlimit64"],
        [
            _argument(2),
            _statement(_EQUAL, 0, 0, 3),
            _statement(_LOAD, 16 + 8 * 2 + 4),
            _statement(_EQUAL, 0, 0, 1),
            *_answers(_ALLOW, _NO),
        ],
    )
    for number in (435, 437):  # clone3, openat2: their arguments cannot be seen here
        program += [_statement(_EQUAL, number, 0, 1), _statement(_RETURN, _UNKNOWN)]
    program += [_statement(_AT_LEAST, _NEWEST, 0, 1), _statement(_RETURN, _UNKNOWN), _statement(_RETURN, _NO)]
    return b"".join(program)


def _answers(*values: int) -> list[bytes]:
    return [_statement(_RETURN, value) for value in values]


def _when(number: int, then: list[bytes]) -> list[bytes]:
    return [_statement(_EQUAL, number, 0, len(then)), *then]


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _PLAIN or sys.maxsize < 1 << 32 or sys.byteorder != "little":
        return False
    program = filter_program(machine, os.getpid())
    held = ctypes.create_string_buffer(program, len(program))
    wanted = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(held))
    # SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_TSYNC: for all threads of the process
    return bool(libc.syscall(_ASKED[machine]["seccomp"], 1, 1, wanted) == 0)

# SPDX-License-Identifier: Apache-2.0
"""What the runtime is told of how the application ended."""

import signal

from lastcall import python

# What ends a process unless it does something about it (signal(7)).
HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH,
            signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
DEADLY = [number for number in range(1, 65) if number not in HARMLESS]

KILL_ITSELF = """
import ctypes, os, sys
number = int(sys.argv[1])
libc = ctypes.CDLL(None)
# By system call: the libc hides 32 and 33, Python ignores SIGPIPE and handles SIGINT.
libc.syscall(13 if os.uname().machine == "x86_64" else 134, number, bytes(64), None, 8)
libc.syscall(62 if os.uname().machine == "x86_64" else 129, os.getpid(), number)
"""


def test_each_exit_code_from_0_to_255_is_passed_on(init):
    for code in range(256):
        assert init("sh", "-c", f"exit {code}").exit_code() == code, f"for exit code {code}"


def test_death_by_signal_n_gives_128_plus_n(init):
    for number in DEADLY:
        code = init(*python(KILL_ITSELF, number)).exit_code()
        assert code == 128 + number, f"{code} for signal {number}"


def test_a_core_dump_changes_nothing_of_it(init):
    code = init("sh", "-c", "ulimit -c unlimited; kill -ABRT $$").exit_code()
    assert code == 134, f"exit code {code}"


def test_a_child_that_ends_at_once_is_not_missed(init):
    for attempt in range(100):
        assert init("false").exit_code() == 1, f"attempt {attempt}"


def test_the_code_is_that_of_the_child_not_of_an_orphan_that_ended_before(init):
    code = init("sh", "-c", "(sh -c 'sleep 0.05; exit 9' &); sleep 0.3; exit 3").exit_code()
    assert code == 3, f"exit code {code}"


def test_the_code_is_that_of_the_child_though_it_has_closed_its_output(init):
    code = init("sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4").exit_code()
    assert code == 4, f"exit code {code}"


def test_the_code_is_that_of_what_the_child_became_by_exec(init):
    code = init("sh", "-c", "exec sh -c 'exit 6'").exit_code()
    assert code == 6, f"exit code {code}"

# SPDX-License-Identifier: Apache-2.0
"""Whoever ends is reaped, however many at once; and the exit code is that of the application."""

import os
import signal

from init import children, helper, prelude, proc_status, python, until

# Orphans that wait for the end of a pipe, then end with a code of their own.
CROWD = """
import os, sys
reader, writer = os.pipe()
if os.fork() == 0:
    os.close(writer)
    for number in range(%d):
        if os.fork() == 0:
            os.read(reader, 1)
            os._exit(number %% 99 + 1)
    os._exit(0)
os.wait()
print("up")
sys.stdin.read(1)
os.close(writer)
"""
AND_WAIT = "import signal\nsignal.pause()\n"


# Numbers that Python has no names for.
SYS_EXIT, SYS_CLONE = {"x86_64": (60, 56), "aarch64": (93, 220)}[os.uname().machine]


def only_the_application(app, main, timeout=4):
    """Waits until the init has no other child; fails with what it has."""
    until(lambda: children(app.pid) == [main], timeout)
    rest = [pid for pid in children(app.pid) if pid != main]
    dead = sum(state(pid).startswith("Z") for pid in rest)
    assert not rest, f"zombies left: {dead}, others: {len(rest) - dead}"


def state(pid):
    try:
        return proc_status(pid)["State"]
    except FileNotFoundError:
        return "gone"


def die_together(app, main, last):
    """The crowd ends while the init is stopped: however many SIGCHLDs there were, it finds one."""
    os.kill(app.pid, signal.SIGSTOP)
    os.write(last, b"!")
    crowd = children(app.pid)
    dying = until(lambda: all(state(pid).startswith("Z") for pid in children(app.pid)
                              if pid != main))
    os.kill(app.pid, signal.SIGCONT)
    assert dying and len(crowd) > 50, "the test's own crowd did not end"


def crowd_of(init, count, rest):
    """The init, its application, and the pipe that ends the crowd."""
    reader, writer = os.pipe()
    app = init(*python(CROWD % count + rest), stdin=reader)
    os.close(reader)
    app.wait_output("up")
    return app, app.child(), writer


def test_all_of_20_000_orphans_are_reaped(init):
    app = init("sh", "-c", '"$0" 20000; echo made; exec sleep 100', helper("orphans"))
    app.wait_output("made", timeout=30)
    only_the_application(app, app.child())


# Each of them is the parent of two, and does not wait for them: 4,094 in all.
BOMB = """
bomb() {
    [ $1 -eq 0 ] && return
    bomb $(($1 - 1)) &
    bomb $(($1 - 1)) &
}
bomb 11
wait
echo lit
exec sleep 100
"""


def test_a_fork_bomb_of_orphans_leaves_no_zombie(init):
    app = init("sh", "-c", BOMB)
    app.wait_output("lit")
    only_the_application(app, app.child(), timeout=20)


def test_orphans_that_end_at_one_moment_are_all_reaped_though_signals_coalesce(init):
    app, main, last = crowd_of(init, 200, AND_WAIT)
    die_together(app, main, last)
    only_the_application(app, main)


def test_the_end_of_the_application_is_seen_among_those_of_100_orphans(init):
    app, main, last = crowd_of(init, 100, "os._exit(42)")
    die_together(app, None, last)
    code = app.exit_code(timeout=4)
    assert code == 42, f"exit code {code}"


def test_an_orphan_that_was_killed_while_it_was_stopped_is_reaped(init):
    app = init(*python("""
import os, signal
if os.fork() == 0:
    orphan = os.fork()
    if orphan == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
    os.waitpid(orphan, os.WUNTRACED)
    os.kill(orphan, signal.SIGKILL)
    os._exit(0)
os.wait()
print("up")
signal.pause()
"""))
    app.wait_output("up")
    only_the_application(app, app.child())


def test_the_application_killed_while_it_is_stopped_ends_the_init_with_137(init):
    app = init("sh", "-c", "echo up; exec sleep 100")
    app.wait_output("up")
    main = app.child()
    os.kill(main, signal.SIGSTOP)
    assert until(lambda: state(main).startswith("T")), "it was not stopped"
    os.kill(main, signal.SIGKILL)
    code = app.exit_code(timeout=4)
    assert code == 137, f"exit code {code}"


def test_an_orphan_that_stops_and_goes_on_is_not_taken_for_dead(init):
    app = init(*python("""
import os, signal
if os.fork() == 0:
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        print("goes on")
        os._exit(0)
    os._exit(0)
os.wait()
print("up")
signal.pause()
"""))
    app.wait_output("up")
    main = app.child()
    orphan, = until(lambda: [pid for pid in children(app.pid) if pid != main])
    assert until(lambda: state(orphan).startswith("T")), "it was not stopped"
    os.kill(orphan, signal.SIGCONT)
    app.wait_output("goes on")
    only_the_application(app, main)


def test_with_sigchld_ignored_on_entry_the_exit_code_is_known(init):
    """nohup's kin leave it so; the kernel then reaps by itself, and tells nobody (wait(2))."""
    code = init("sh", "-c", "exit 9", via=prelude("--ignore", "SIGCHLD")).exit_code(timeout=4)
    assert code == 9, f"exit code {code}"


def test_with_sigchld_blocked_on_entry_orphans_are_reaped(init):
    app = init("sh", "-c", "(true & true & true); echo up; exec sleep 100",
               via=prelude("--block", "SIGCHLD"))
    app.wait_output("up")
    only_the_application(app, app.child())


def test_with_sigchld_blocked_on_entry_the_exit_code_is_known(init):
    code = init("sh", "-c", "exit 9", via=prelude("--block", "SIGCHLD")).exit_code(timeout=4)
    assert code == 9, f"exit code {code}"


def test_a_child_that_ended_before_the_init_was_executed_is_reaped(init):
    """An entrypoint's script had it, and executed the init: its SIGCHLD came to the script."""
    app = init("sh", "-c", "echo up; exec sleep 100", via=python("""
import os, sys
if os.fork() == 0:
    os._exit(5)
os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
os.execv(sys.argv[1], sys.argv[1:])
"""))
    app.wait_output("up")
    main, = (pid for pid in children(app.pid) if not state(pid).startswith("Z"))
    only_the_application(app, main)


def test_the_end_of_a_helper_from_before_the_init_does_not_end_it(init):
    app = init("sh", "-c", "kill $HELPER; while kill -0 $HELPER; do sleep 0.01; done; exit 7",
               via=["sh", "-c", 'sleep 100 & HELPER=$! exec "$@"', "sh"])
    code = app.exit_code(timeout=4)
    assert code == 7, f"exit code {code}"


def test_the_exit_code_is_not_that_of_an_orphan_that_ended_just_before(init):
    app = init("sh", "-c", "(sh -c 'exit 3' & sh -c 'kill -9 $$' &); exit 42")
    code = app.exit_code(timeout=4)
    assert code == 42, f"exit code {code}"


def test_the_exit_code_is_not_that_of_an_orphan_that_ends_after_the_application(init):
    """It becomes the init's child when the application has gone already."""
    app = init(*python("""
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
reader, writer = os.pipe()
if os.fork() == 0:
    os.close(writer)
    os.read(reader, 1)  # until the application has ended
    os._exit(4)
os._exit(3)
"""))
    code = app.exit_code(timeout=4)
    assert code == 3, f"exit code {code}"


def test_a_zombie_whose_parent_lives_is_left_to_its_parent(init):
    app = init(*python("""
import os
child = os.fork()
if child == 0:
    os._exit(33)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # from here on it is one
parent = os.fork()
if parent == 0:
    for _ in range(50):  # meanwhile the init has orphans to reap
        if os.fork() == 0:
            os._exit(1)
    os._exit(0)
os.waitpid(parent, 0)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""))
    code = app.exit_code(timeout=4)
    assert code == 33, f"its parent was told {code}"


def test_a_sigterm_gets_through_while_orphans_die_without_end(init):
    app = init(*python("""
import os, signal
if os.fork() == 0:
    while os.getppid() != 1:  # as long as the application lives
        if os.fork() == 0:
            os.fork()
            os._exit(0)
        os.wait()
    os._exit(0)
signal.signal(signal.SIGTERM, lambda *_: os._exit(6))
print("up")
while True:
    signal.pause()
"""))
    app.wait_output("up")
    main = app.child()
    assert until(lambda: set(children(app.pid)) > {main}), "the test has no orphans"
    app.signal("SIGTERM")
    code = app.exit_code(timeout=4)
    assert code == 6, f"exit code {code}"


# --- threads and tracers ---

def test_an_application_whose_first_thread_has_ended_is_not_taken_for_dead(init):
    """In /proc it looks like a zombie, but it works, and can be signalled."""
    app = init(*python("""
import ctypes, os, signal, threading
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
def live_on():
    while open("/proc/self/stat").read().split()[2] != "Z":
        pass
    print("up")
    signal.sigwait([signal.SIGTERM])
    os._exit(8)
threading.Thread(target=live_on).start()
ctypes.CDLL(None).syscall(%d, 0)  # exit(2): this thread alone
""" % SYS_EXIT))
    app.wait_output("up")
    app.signal("SIGTERM")
    code = app.exit_code(timeout=4)
    assert code == 8, f"exit code {code}"


def test_a_child_that_the_application_gives_to_the_init_does_not_end_it(init):
    """CLONE_PARENT (clone(2)): it is the application's sibling from its first moment."""
    app = init(*python("""
import ctypes, os, signal
CLONE_PARENT = 0x8000
sibling = ctypes.CDLL(None).syscall(%d, CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
if sibling == 0:
    os._exit(5)
while os.path.exists(f"/proc/{sibling}"):
    pass
os._exit(7)
""" % SYS_CLONE))
    code = app.exit_code(timeout=4)
    assert code == 7, f"exit code {code}"


def test_an_orphan_that_somebody_traces_is_reaped_when_the_tracer_lets_go(init):
    """Until then the kernel shows its end to the tracer alone (ptrace(2))."""
    app = init(*python("""
import ctypes, os, signal
SEIZE, WALL = 0x4206, 0x40000000
reader, writer = os.pipe()
if os.fork() == 0:
    orphan = os.fork()
    if orphan == 0:
        signal.pause()
    os.write(writer, b"%d" % orphan)
    os._exit(0)
os.wait()
orphan = int(os.read(reader, 20))
assert ctypes.CDLL(None).ptrace(SEIZE, orphan, None, None) == 0
os.kill(orphan, signal.SIGKILL)
os.waitpid(orphan, WALL)
print("let go")
signal.pause()
"""))
    app.wait_output("let go")
    only_the_application(app, app.child())


def test_the_exit_code_of_an_application_that_somebody_traces_is_known(init):
    app = init("strace", "-D", "-o", "/dev/null", "sh", "-c", "exit 7")
    code = app.exit_code(timeout=4)
    assert code == 7, f"exit code {code}"


# Whoever asks to be traced cannot be by anyone else: licence checks and games do it.
TRACED_BY_ITS_PARENT = python("""
import ctypes, os, signal, sys
assert ctypes.CDLL(None).ptrace(0, 0, None, None) == 0  # PTRACE_TRACEME
signal.signal(signal.SIGTERM, lambda *_: os._exit(6))
print("up")
if sys.argv[1:]:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    signal.pause()
""")


def test_an_application_that_keeps_debuggers_off_by_ptrace_still_gets_its_signals(init):
    """Its parent is its tracer then: each signal stops it until the parent passes it on."""
    app = init(*TRACED_BY_ITS_PARENT)
    app.wait_output("up")
    app.signal("SIGTERM")
    code = app.exit_code(timeout=4)
    assert code == 6, f"exit code {code}"


def test_an_application_that_keeps_debuggers_off_by_ptrace_may_execute_another(init):
    """execve(2) stops it by a SIGTRAP, for its parent to see."""
    code = init(*TRACED_BY_ITS_PARENT, "sh", "-c", "exit 7").exit_code(timeout=4)
    assert code == 7, f"exit code {code}"

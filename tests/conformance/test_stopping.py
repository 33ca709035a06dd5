# SPDX-License-Identifier: Apache-2.0
"""A stop reaches everyone, and whoever is at work may finish it."""

import os
import signal
import subprocess
import tempfile

import pytest

from init import children, proc_status, python, until

# A server that takes so many seconds to close.
SERVER = """
import os, signal, sys, time
seconds = float(sys.argv[1])
def on_term(*_):
    print("server got SIGTERM")
    time.sleep(seconds)
    print("server has closed")
    os._exit(4)
signal.signal(signal.SIGTERM, on_term)
print("server up")
while True:
    signal.pause()
"""
CLOSES_IN_300_MS = python(SERVER, 0.3)
CLOSES_IN_1_S = python(SERVER, 1)
IGNORES = python("""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("server up")
while True:
    signal.pause()
""")


def state(pid):
    return proc_status(pid)["State"][0]


def said(app, text):
    return any(text in line.raw for line in app.output.list)


def check_closed(app, code, timeout=5):
    """The server was asked to stop, and had its time."""
    seen = app.exit_code(timeout)
    assert said(app, "server got SIGTERM"), "the server was killed before it had read a SIGTERM"
    assert said(app, "server has closed"), "the server was killed while it was closing"
    assert seen == code, f"exit code {seen}"


def up(app):
    app.wait_output("server up")
    return app


def orphan_beside(app, main):
    orphan, = until(lambda: [pid for pid in children(app.pid) if pid != main])
    return orphan


# --- what a shell or a wrapper leaves behind is often the server itself ---

def test_the_server_behind_a_shell_that_waits_for_it_may_close(init):
    app = up(init("sh", "-c", '"$@" & wait', "sh", *CLOSES_IN_300_MS, group=True))
    app.signal("SIGTERM")
    check_closed(app, 143)


def test_the_server_in_the_foreground_of_a_shell_may_close(init):
    app = up(init("sh", "-c", '"$@"; exit $?', "sh", *CLOSES_IN_300_MS, group=True))
    app.signal("SIGTERM")
    check_closed(app, 143)


def test_the_server_behind_a_wrapper_that_ends_at_sigterm_may_close(init):
    """As npm does: it starts a shell, which starts the server, and does not wait for them."""
    app = up(init(*python("""
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *sys.argv[1:]])
""", *CLOSES_IN_300_MS), group=True))
    app.signal("SIGTERM")
    check_closed(app, 0)


def test_a_shell_that_traps_sigterm_for_its_server_has_the_last_word(init):
    app = up(init("sh", "-c", '"$@" & trap "kill $!" TERM; wait; wait $!; exit $?', "sh",
                  *CLOSES_IN_300_MS))
    app.signal("SIGTERM")
    check_closed(app, 4)


# --- the rest, when the application has ended ---

def test_a_grandchild_that_needs_1_s_to_close_has_it_after_the_application_ended(init):
    app = up(init("sh", "-c", '"$@" & read line; exit 5', "sh", *CLOSES_IN_1_S,
                  stdin=subprocess.PIPE))
    app.outer.stdin.close()
    check_closed(app, 5)


def test_what_runs_in_another_session_is_asked_to_stop(init):
    app = up(init("sh", "-c", 'setsid "$@" & read line; exit 5', "sh", *CLOSES_IN_300_MS,
                  stdin=subprocess.PIPE))
    app.outer.stdin.close()
    check_closed(app, 5)


def test_a_daemon_is_asked_to_stop_after_the_application(init):
    app = up(init("sh", "-c", '(setsid sh -c \'"$@" & exit\' sh "$@"); exec sleep 100', "sh",
                  *CLOSES_IN_300_MS))
    app.signal("SIGTERM")
    check_closed(app, 143)


def test_a_daemon_is_not_asked_to_stop_before_the_application_has_ended(init):
    """The application may need it to close: a database's pool, a log shipper."""
    app = up(init(*python("""
import os, signal, subprocess, sys, time
def on_term(*_):
    time.sleep(0.3)
    print("application has closed")
    os._exit(5)
signal.signal(signal.SIGTERM, on_term)
subprocess.run(["sh", "-c", 'setsid "$@" & exit', "sh", *sys.argv[1:]])
while True:
    signal.pause()
""", *CLOSES_IN_300_MS)))
    app.signal("SIGTERM")
    code = app.exit_code(timeout=4)
    assert code == 5, f"exit code {code}"
    lines = [line.raw for line in app.output.list]
    assert "server got SIGTERM" not in lines[:lines.index("application has closed")], \
        "the daemon was asked first"


def test_what_kubectl_exec_started_is_asked_to_stop(init):
    """Its parent is outside, in the runtime."""
    app = init("sh", "-c", "echo up; read line; exit 5", stdin=subprocess.PIPE)
    app.wait_output("up")
    own_user = os.readlink(f"/proc/{app.pid}/ns/user") == os.readlink("/proc/self/ns/user")
    with subprocess.Popen(["nsenter", f"--target={app.pid}", "--preserve-credentials", "--pid",
                           "--mount", *([] if own_user else ["--user"]), *CLOSES_IN_300_MS],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as outside:
        assert outside.stdout.readline() == "server up\n", "it was not started"
        app.outer.stdin.close()
        code = app.exit_code(timeout=4)
        said = outside.stdout.read()
    assert code == 5, f"exit code {code}"
    assert "server got SIGTERM" in said, "it was killed before it had read a SIGTERM"
    assert "server has closed" in said, "it was killed while it was closing"


def test_a_stopped_orphan_is_asked_to_stop(init):
    app = up(init("sh", "-c", '(setsid "$@" &); read line; exit 5', "sh", *CLOSES_IN_300_MS,
                  stdin=subprocess.PIPE))
    main = app.child()
    orphan = orphan_beside(app, main)
    os.kill(orphan, signal.SIGSTOP)
    assert until(lambda: state(orphan) == "T"), "it was not stopped"
    app.outer.stdin.close()
    check_closed(app, 5)


def test_an_orphan_whose_first_thread_has_ended_is_asked_to_stop(init):
    """In /proc it looks like a zombie."""
    threaded = python("""
import ctypes, os, signal, threading
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
def live_on():
    while open("/proc/self/stat").read().split()[2] != "Z":
        pass
    print("server up")
    signal.sigwait([signal.SIGTERM])
    print("server got SIGTERM")
    print("server has closed")
    os._exit(0)
threading.Thread(target=live_on).start()
libc = ctypes.CDLL(None)
libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)  # exit(2): this thread alone
""")
    app = up(init("sh", "-c", '(setsid "$@" &); read line; exit 5', "sh", *threaded,
                  stdin=subprocess.PIPE))
    app.outer.stdin.close()
    check_closed(app, 5)


def test_a_grandchild_that_ignores_sigterm_does_not_hold_up_the_end_for_ever(init):
    app = up(init("sh", "-c", '"$@" & exec sleep 100', "sh", *IGNORES))
    app.signal("SIGTERM")
    code = app.exit_code(timeout=9)
    assert code == 143, f"exit code {code}"


def test_a_grandchild_that_holds_stdout_does_not_hold_up_the_end(init):
    """A runtime reads the container's output to its end."""
    app = init("sh", "-c", "setsid sleep 100 & exit 4")
    code = app.exit_code(timeout=4)
    assert code == 4, f"exit code {code}"
    assert app.output.ended, "somebody holds stdout"


def test_an_application_that_ends_at_once_while_others_run_ends_the_init(init):
    app = init("sh", "-c", "sleep 100 & sleep 100 & sleep 100 & exit 5")
    code = app.exit_code(timeout=4)
    assert code == 5, f"exit code {code}"


# --- those that cannot hear ---

def test_a_stopped_application_ends_at_a_sigterm(init):
    """Any signal but SIGKILL waits in a stopped process until it goes on (signal(7))."""
    app = up(init(*CLOSES_IN_300_MS))
    os.kill(app.child(), signal.SIGSTOP)
    assert until(lambda: state(app.child()) == "T"), "it was not stopped"
    app.signal("SIGTERM")
    check_closed(app, 4, timeout=4)


@pytest.fixture
def freezer():
    """freezer(PID…): they are frozen; freezer(): they are not any more. Skips where no cgroup can
    be made."""
    try:
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            place, = [line.split()[1] for line in mounts if line.split()[2] == "cgroup2"][:1]
        group = tempfile.mkdtemp(prefix="lc-", dir=place)
    except (OSError, ValueError):  # no right to, or none is mounted
        pytest.skip("no cgroup of version 2 can be made here")

    def write(name, text):
        with open(os.path.join(group, name), "w", encoding="ascii") as file:
            file.write(str(text))

    def read(name):
        with open(os.path.join(group, name), encoding="ascii") as file:
            return file.read()

    def freeze(*pids):
        for pid in pids:
            write("cgroup.procs", pid)
        wanted = int(pids != ())
        write("cgroup.freeze", wanted)
        assert until(lambda: f"frozen {wanted}" in read("cgroup.events")), "it does not freeze"

    yield freeze
    until(lambda: "populated 0" in read("cgroup.events"))
    os.rmdir(group)


def test_a_frozen_application_gets_its_sigterm_when_it_is_thawed(freezer, init):
    app = up(init(*CLOSES_IN_300_MS))
    main = app.child()
    freezer(main)
    app.signal("SIGTERM")
    assert until(lambda: int(proc_status(main)["ShdPnd"], 16) >> signal.SIGTERM - 1 & 1), \
        "SIGTERM was not passed on"
    freezer()
    check_closed(app, 4)


def test_a_paused_container_takes_its_sigterm_when_it_goes_on(freezer, init):
    """docker pause, docker stop, docker unpause: all of it is frozen, the init too."""
    app = up(init(*CLOSES_IN_300_MS))
    freezer(app.pid, app.child())
    app.signal("SIGTERM")
    freezer()
    check_closed(app, 4)


def test_while_the_application_is_frozen_orphans_are_reaped(freezer, init):
    app = up(init("sh", "-c", '(setsid "$@" &); exec sleep 100', "sh", *CLOSES_IN_300_MS))
    main = app.child()
    orphan = orphan_beside(app, main)
    freezer(main)
    os.kill(orphan, signal.SIGKILL)
    assert until(lambda: children(app.pid) == [main]), "a zombie is left"
    freezer()
    app.signal("SIGTERM")
    code = app.exit_code(timeout=4)
    assert code == 143, f"exit code {code}"


# --- groups and users ---

def test_an_application_that_signals_its_own_group_does_not_hit_the_init(init):
    """kill(0, …) is how many end all that they began."""
    app = init(*python("""
import os, signal
child = os.fork()
if child == 0:
    signal.pause()
signal.signal(signal.SIGTERM, lambda *_: None)
os.kill(0, signal.SIGTERM)
os.waitpid(child, 0)
os._exit(6)
"""))
    code = app.exit_code(timeout=4)
    assert code == 6, f"exit code {code}"


def test_a_signal_to_the_group_of_the_init_reaches_the_application_once(init):
    """`kill -USR1 -PGID` from outside: the init passes it on, so the application has another."""
    app = up(init(*python("""
import os, signal
count = 0
def on_usr1(*_):
    global count
    count += 1
    print("got SIGUSR1")
signal.signal(signal.SIGUSR1, on_usr1)
signal.signal(signal.SIGTERM, lambda *_: os._exit(count))
print("server up")
while True:
    signal.pause()
"""), via=["setsid"]))
    os.killpg(os.getpgid(app.pid), signal.SIGUSR1)
    app.wait_output("got SIGUSR1")
    app.signal("SIGTERM")
    code = app.exit_code(timeout=4)
    assert code == 1, f"the application got it {code} times"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to run as another user")
def test_an_application_that_changed_its_user_gets_its_sigterm(init):
    app = up(init("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                  *CLOSES_IN_300_MS))
    app.signal("SIGTERM")
    check_closed(app, 4)

# SPDX-License-Identifier: Apache-2.0
"""The places an init gets into: not PID 1, a sandbox, limits, nothing where something should be."""

import os
import subprocess

import pytest

from init import children, helper, prelude, python, until

# The least that an init has to do for it: start it, pass signals on, tell how it ended.
APPLICATION = python("""
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: print("got SIGUSR1"))
signal.signal(signal.SIGTERM, lambda *_: os._exit(6))
print("up")
while True:
    signal.pause()
""")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to run as another user")


def check_code(app, code, timeout=4):
    seen = app.exit_code(timeout)
    assert seen == code, f"exit code {seen}"


def said(app):
    return [line.raw for line in app.output.list]


def check_life(app):
    app.wait_output("up")
    app.signal("SIGUSR1")
    app.wait_output("got SIGUSR1")
    app.signal("SIGTERM")
    check_code(app, 6)


def shell(words):
    """What goes before the init: this in a shell, which then becomes the init."""
    return ["sh", "-c", f'{words}; exec "$@"', "sh"]


# --- not PID 1: shareProcessNamespace, where pause is, or a job runner ---

# Starts the init, and beside it a process that is none of its business.
NEIGHBOUR = ["sh", "-c", """
sleep 100 & neighbour=$!
"$@"
code=$?
grep -q 'State:.[SR]' /proc/$neighbour/status && echo neighbour lives
exit $code""", "sh"]

# Starts the init, and tells of what is there still when it has gone.
AFTERWARDS = ["sh", "-c", """
"$@"
code=$?
[ ! -e /proc/$(cat pid) ] || echo left behind
exit $code""", "sh"]
SERVER = python("""
import os, signal, sys, time
def on_term(*_):
    print("server got SIGTERM")
    if "ignore" in sys.argv:
        return
    if "succeed" in sys.argv and os.fork() == 0:
        os.setsid()
        write_pid()
        while True:
            signal.pause()
    os._exit(0)
def write_pid():
    with open("pid", "w") as file:
        file.write(str(os.getpid()))
signal.signal(signal.SIGTERM, on_term)
write_pid()
print("up")
while True:
    signal.pause()
""")
only_as_pid_1 = pytest.mark.differs("dumb-init", "has no subreaper mode: is documented as PID 1")


def test_not_pid_1_it_passes_signals_on_and_tells_the_exit_code(init):
    check_life(init(*APPLICATION, subreaper=True))


def test_not_pid_1_it_leaves_the_processes_of_others_alone_when_its_application_ends(init):
    app = init("sh", "-c", "setsid sleep 100 & exit 3", subreaper=True, via=NEIGHBOUR)
    check_code(app, 3)
    assert "neighbour lives" in said(app), "it ended a neighbour"


def test_not_pid_1_it_leaves_the_processes_of_others_alone_when_it_is_stopped(init):
    app = init("sh", "-c", "setsid sleep 100 & kill $PPID; exec sleep 100", subreaper=True,
               via=NEIGHBOUR)
    check_code(app, 143)
    assert "neighbour lives" in said(app), "it ended a neighbour"


@only_as_pid_1
def test_not_pid_1_it_adopts_orphans_and_reaps_them(init):
    app = init("sh", "-c", "(sh -c 'kill -STOP $$; exit 1' &); echo up; exec sleep 100",
               subreaper=True)
    app.wait_output("up")
    main = app.child()
    assert until(lambda: len(children(app.pid)) == 2, timeout=2), "the orphan is not its child"
    orphan, = (pid for pid in children(app.pid) if pid != main)
    os.kill(orphan, 9)
    assert until(lambda: children(app.pid) == [main], timeout=4), "a zombie is left"


@only_as_pid_1
def test_not_pid_1_it_asks_what_the_application_left_to_stop(init):
    app = init("sh", "-c", 'setsid "$@" & read line; exit 3', "sh", *SERVER,
               subreaper=True, via=AFTERWARDS, stdin=subprocess.PIPE)
    check_nothing_left(app)


@only_as_pid_1
def test_not_pid_1_it_leaves_nothing_behind_that_ignores_sigterm(init):
    app = init("sh", "-c", 'setsid "$@" & read line; exit 3', "sh", *SERVER, "ignore",
               subreaper=True, via=AFTERWARDS, stdin=subprocess.PIPE)
    check_nothing_left(app)


@only_as_pid_1
def test_not_pid_1_it_leaves_nothing_behind_that_forks_when_it_is_asked_to_stop(init):
    app = init("sh", "-c", 'setsid "$@" & read line; exit 3', "sh", *SERVER, "succeed",
               subreaper=True, via=AFTERWARDS, stdin=subprocess.PIPE)
    check_nothing_left(app)


def check_nothing_left(app):
    app.wait_output("up")
    app.outer.stdin.close()
    check_code(app, 3, timeout=9)
    assert "left behind" not in said(app), "a process of its own was left behind"
    assert "server got SIGTERM" in said(app), "it was killed without a SIGTERM"


# --- sandboxes ---

def check_refused(init, call):
    for error in ("ENOSYS", "EPERM"):
        check_life(init(*APPLICATION, via=[helper("refuse"), f"{call}={error}", "--"]))


def test_it_works_where_pidfd_open_is_refused(init):
    check_refused(init, "pidfd_open")


def test_it_works_where_clone3_is_refused(init):
    check_refused(init, "clone3")


@pytest.mark.differs("catatonit", "is built on signalfd(2), as its documentation says")
def test_it_works_where_signalfd_is_refused(init):
    check_refused(init, "signalfd4")


def test_it_works_where_pidfd_open_clone3_and_close_range_are_missing(init):
    """A kernel from before 5.3."""
    check_life(init(*APPLICATION, via=[helper("refuse"), "pidfd_open", "pidfd_send_signal",
                                       "clone3", "close_range", "--"]))


def test_it_works_on_a_read_only_root(init):
    check_life(init(*APPLICATION, via=shell("mount -o remount,bind,ro / || exit 99")))


def test_it_works_without_proc(init):
    check_life(init(*APPLICATION, proc=False))


def test_it_works_with_nothing_in_dev_and_etc(init):
    check_life(init(*APPLICATION, via=shell("mount -t tmpfs none /dev && mount -t tmpfs none /etc"
                                            " || exit 99")))


@needs_root
def test_it_works_as_nobody(init):
    check_life(init(*APPLICATION, via=["setpriv", "--reuid=65534", "--regid=65534",
                                       "--clear-groups"]))


def test_it_works_without_any_capability_and_no_new_privileges(init):
    check_life(init(*APPLICATION, via=["setpriv", "--bounding-set=-all", "--inh-caps=-all",
                                       "--no-new-privs"]))


# --- limits ---

def test_16_descriptors_are_enough(init):
    check_life(init(*APPLICATION, via=prelude("--nofile", "16")))


def limited(processes):
    """As a user of its own, since the kernel counts a user's processes, and root's not at all."""
    user = 10000 + os.getpid() % 50000
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
            "prlimit", f"--nproc={processes}"]


@needs_root
def test_2_processes_are_enough(init):
    check_life(init(*APPLICATION, via=limited(2)))


@needs_root
def test_where_no_process_can_be_made_it_says_so_and_exits(init):
    app = init("true", via=limited(1))
    assert app.exit_code(timeout=4) != 0, "it claims that all went well"
    assert app.log.list, "it says nothing"


# --- nothing where something should be ---

def test_it_works_with_an_empty_environment(init):
    check_code(init("/bin/sh", "-c", "exit 7", via=["/usr/bin/env", "-i"]), 7)


def test_without_path_the_usual_directories_are_searched(init):
    check_code(init("sh", "-c", "exit 7", via=["/usr/bin/env", "-u", "PATH"]), 7)


def test_it_works_in_a_directory_that_has_been_deleted(init):
    check_life(init(*APPLICATION, via=shell("mkdir gone && cd gone && rmdir ../gone || exit 99")))


def test_it_works_with_stdin_stdout_and_stderr_closed(init, place):
    app = init("sh", "-c", "touch up; exec sleep 100",
               via=prelude("--close", "0", "--close", "1", "--close", "2"))
    assert until(lambda: os.path.exists(os.path.join(place, "up"))), "nothing was started"
    app.signal("SIGTERM")
    check_code(app, 143)


# --- nobody reads what it has to say ---

@pytest.fixture
def full_pipe():
    """The writer's end of a pipe that nobody empties."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


@pytest.fixture
def broken_pipe():
    """The writer's end of a pipe without a reader."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_it_works_where_stderr_is_a_full_pipe(init, full_pipe):
    check_life(init(*APPLICATION, stderr=full_pipe))


def test_it_works_where_the_reader_of_stderr_has_gone(init, broken_pipe):
    check_life(init(*APPLICATION, stderr=broken_pipe))


def test_it_works_where_stderr_is_a_file_that_may_not_grow(init, place):
    """RLIMIT_FSIZE is reached: each write(2) raises SIGXFSZ."""
    with open(os.path.join(place, "log"), "wb") as log:
        check_life(init(*APPLICATION, stderr=log, via=["prlimit", "--fsize=0"]))


def test_it_fails_as_usual_for_a_missing_command_where_stderr_is_a_full_pipe(init, full_pipe):
    usual = init("no-such-command").exit_code()
    check_code(init("no-such-command", stderr=full_pipe), usual)


def test_it_fails_as_usual_for_a_missing_command_where_the_reader_of_stderr_has_gone(init,
                                                                                     broken_pipe):
    usual = init("no-such-command").exit_code()
    check_code(init("no-such-command", stderr=broken_pipe), usual)

# SPDX-License-Identifier: Apache-2.0
"""What is sent to the init reaches the application: each signal, once, from the first moment on."""

import ctypes
import errno
import os
import signal

import pytest

from init import (descendants, helper, number, pid_inside, prelude, proc_status, python,
                  until)

JOB_CONTROL = {signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
STOPS = [number(name) for name in ("SIGTERM", "SIGINT", "SIGQUIT", "SIGRTMIN+3")]
FAULTS = {signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE,
          signal.SIGSEGV, signal.SIGSYS}
OF_THE_LIBC = {32, 33}  # glibc keeps them for its threads, and hides them from its users
OTHERS = (set(range(1, 65)) - JOB_CONTROL - set(STOPS) - FAULTS - OF_THE_LIBC -
          {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD})

LIBC = ctypes.CDLL(None, use_errno=True)


# --- an application that says which signals it got ---

def hear(init, **options):
    app = init(helper("hear"), **options)
    app.wait_output("up")
    return app


def got(app):
    return [int(line.raw.split()[1]) for line in app.output.list if line.raw.startswith("got ")]


def hears(app, wanted, timeout=4):
    until(lambda: wanted in got(app), timeout)
    assert wanted in got(app), f"signal {wanted} did not arrive"


def each_once(app, numbers):
    """Each is sent when the one before has arrived; that none came twice is known when one that is
    sent after them is there."""
    numbers = sorted(numbers)
    missing = []
    for one in numbers:
        app.signal(one)
        if not until(lambda: one in got(app), 1):
            missing.append(one)
    app.signal(signal.SIGUSR2)
    hears(app, signal.SIGUSR2)
    assert not missing, f"did not arrive: {missing}"
    seen = got(app)
    seen.remove(signal.SIGUSR2)
    assert seen == numbers, f"arrived: {seen}"


def stopped(pid):
    return until(lambda: proc_status(pid)["State"].startswith("T"))


def ends_with(app, wanted):
    code = app.exit_code(timeout=4)
    assert code == wanted, f"exit code {code}"


# --- each ---

def test_each_signal_that_means_nothing_to_an_init_arrives_once(init):
    each_once(hear(init), OTHERS - {signal.SIGUSR2})


def test_each_signal_that_asks_for_the_end_arrives_once(init):
    """The image's STOPSIGNAL decides which it is: SIGQUIT for nginx, SIGRTMIN+3 for systemd."""
    for one in STOPS[1:]:
        each_once(hear(init), [one])


def test_each_signal_that_a_fault_raises_too_arrives_once(init):
    """Sent by somebody it is no fault of the init's: SIGABRT asks many a runtime for its stacks."""
    each_once(hear(init), FAULTS)


@pytest.mark.differs("dumb-init", "in a session of its own SIGTSTP and its kin do nothing: it "
                                  "makes them SIGSTOP")
def test_each_signal_of_job_control_arrives_once(init):
    each_once(hear(init), JOB_CONTROL)


def test_the_two_signals_that_the_c_library_hides_arrive_once(init):
    """Go programs, and those of other C libraries, use 32 and 33 as any other."""
    each_once(hear(init), OF_THE_LIBC)


# --- many ---

def queue(pid, one, value):
    """sigqueue(3): refused where the queue is full, and not lost, as kill(2)'s would be."""
    while LIBC.sigqueue(pid, one, ctypes.c_void_p(value)) < 0:
        assert ctypes.get_errno() == errno.EAGAIN, os.strerror(ctypes.get_errno())


def test_of_10_000_real_time_signals_in_a_burst_none_is_lost(init):
    app = hear(init)
    for value in range(10_000):
        queue(app.pid, 40, value)
    until(lambda: len(got(app)) >= 10_000, 10)
    app.signal(signal.SIGUSR2)
    hears(app, signal.SIGUSR2)
    arrived = got(app).count(40)
    assert arrived == 10_000, f"{arrived} of 10,000"


def test_real_time_signals_that_wait_together_arrive_lowest_first(init):
    """As the kernel delivers them (signal(7)): the init is stopped while they are sent."""
    app = hear(init)
    os.kill(app.pid, signal.SIGSTOP)
    assert stopped(app.pid)
    for one in (60, 40, 50, 40, 64, 34, 50):
        queue(app.pid, one, 0)
    os.kill(app.pid, signal.SIGCONT)
    until(lambda: 64 in got(app), 4)
    arrived = [one for one in got(app) if one != signal.SIGCONT]
    assert arrived == [34, 40, 40, 50, 50, 60, 64], f"arrived: {arrived}"


def test_after_a_burst_of_10_000_ordinary_signals_others_still_arrive(init):
    """Ordinary ones that wait together are one (signal(7)): how many arrive is not said."""
    app = hear(init)
    for _ in range(10_000):
        os.kill(app.pid, signal.SIGUSR1)
    app.signal(signal.SIGUSR2)
    hears(app, signal.SIGUSR2)
    assert signal.SIGUSR1 in got(app), "not one of them arrived"


def test_a_signal_of_kill_arrives_as_one_of_kill_and_from_the_init(init):
    """si_code SI_USER, si_pid 1: what an application's log says of who ended it."""
    app = hear(init)
    app.signal(signal.SIGUSR1)
    line = app.wait_output(f"got {signal.SIGUSR1.value} ")
    assert line.split()[2:4] == ["0", "1"], f"si_code, si_pid: {line.split()[2:4]}"


# --- the first moment ---

def test_a_sigterm_counts_as_soon_as_the_init_is_seen_to_listen(init):
    """1,000 starts; before that moment the kernel drops it for any PID 1."""
    app = init("sleep", "100", via=[helper("early"), "1000"], stderr=None)
    app.exit_code(timeout=60)
    last = app.output.list[-1].raw
    assert last == "1000 of 1000 counted", last


def test_signals_from_before_its_start_arrive_each_of_them(init):
    """An entrypoint's script had blocked them, and executed the init."""
    pending = [word for name in ("SIGUSR1", "SIGRTMIN+6", "SIGRTMIN+6")
               for word in ("--pending", name)]
    app = init(helper("hear"), via=prelude(*pending))
    until(lambda: len(got(app)) >= 3, 4)
    assert got(app) == [signal.SIGUSR1, 40, 40], f"arrived: {got(app)}"


def test_a_sigterm_from_before_its_start_ends_it_with_143(init):
    app = init(*python("import signal\nsignal.pthread_sigmask(signal.SIG_SETMASK, [])\n"
                       "signal.pause()"), via=prelude("--pending", "SIGTERM"))
    ends_with(app, 143)


# --- the end ---

def test_after_a_sigterm_that_ended_the_application_the_exit_code_is_143(init):
    app = init("sh", "-c", "echo up; exec sleep 100")
    app.wait_output("up")
    app.signal("SIGTERM")
    ends_with(app, 143)


def test_after_a_sigterm_that_was_handled_the_exit_code_is_that_of_the_application(init):
    app = init("sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.01; done")
    app.wait_output("up")
    app.signal("SIGTERM")
    ends_with(app, 5)


def test_a_sigterm_that_the_application_sends_to_pid_1_comes_back_to_it(init):
    """`kill 1` is how one restarts a container from a shell within."""
    ends_with(init(*python("import os, signal\nos.kill(1, signal.SIGTERM)\nsignal.pause()")), 143)


def test_a_sigterm_to_an_application_that_is_stopped_ends_it(init):
    """A signal waits for a stopped process to go on: the platform would wait for its SIGKILL."""
    app = hear(init)
    child = app.child()
    os.kill(child, signal.SIGSTOP)
    assert stopped(child)
    app.signal("SIGTERM")
    ends_with(app, 0)


def test_a_sigterm_that_was_ignored_on_entry_reaches_an_application_that_handles_it(init):
    app = init(*python("import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(5))\n"
                       "print('up')\nwhile True: signal.pause()"),
               via=prelude("--ignore", "SIGTERM"))
    app.wait_output("up")
    app.signal("SIGTERM")
    ends_with(app, 5)


# --- who sends, who gets ---

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: processes of several users")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@AS_ROOT
def test_a_signal_from_a_process_of_another_user_arrives(init):
    """Root's `docker kill`, and an image with a USER: the init has no privilege at all."""
    app = hear(init, via=[*NOBODY, "--bounding-set=-all", "--inh-caps=-all"])
    app.signal("SIGUSR1")
    hears(app, signal.SIGUSR1)
    app.signal("SIGTERM")
    ends_with(app, 0)


@AS_ROOT
def test_signals_arrive_at_an_application_that_has_changed_its_user(init):
    """As databases do, and whatever gosu starts. The init has CAP_KILL, and nothing else."""
    app = init(*NOBODY, helper("hear"),
               via=["setpriv", "--bounding-set=-all,+kill,+setuid,+setgid"])
    app.wait_output("up")
    app.signal("SIGUSR1")
    hears(app, signal.SIGUSR1)
    app.signal("SIGTERM")
    ends_with(app, 0)


@pytest.mark.differs("dumb-init", "by its README: a signal is for the whole group, but with -c")
def test_a_signal_is_for_the_application_and_not_for_its_children(init):
    """What they are to be told it tells them itself: a prefork server's workers finish first."""
    app = init(helper("stubborn"), "--leave", "child")
    app.wait_output("main up")
    child = int(app.wait_output("child up").split()[3])
    app.signal("SIGUSR1")
    app.wait_output("main SIGUSR1")
    os.kill(outside(app, child), signal.SIGUSR2)  # behind the other, had there been one
    app.wait_output("child SIGUSR2")
    assert not any("child SIGUSR1" in line.raw for line in app.output.list), "its child got it too"


def outside(app, inside):
    return next(pid for pid in descendants(app.pid) if pid_inside(pid) == str(inside))


# --- what must not hurt ---

def test_a_sigchld_that_somebody_sends_does_no_harm(init):
    app = hear(init)
    for _ in range(100):
        os.kill(app.pid, signal.SIGCHLD)
    app.signal("SIGTERM")
    ends_with(app, 0)


def test_sigpipe_sigttin_and_sigttou_neither_end_nor_stop_it_as_pid_1(init):
    unhurt(hear(init))


@pytest.mark.differs("dumb-init", "it stops itself with its child, for the shell above to see")
def test_sigpipe_sigttin_and_sigttou_neither_end_nor_stop_it_as_a_subreaper(init):
    """The kernel spares a PID 1 much that would hurt other processes (kill(2))."""
    unhurt(hear(init, subreaper=True))


def unhurt(app):
    child = app.child()
    for one in (signal.SIGPIPE, signal.SIGTTIN, signal.SIGTTOU):
        before = got(app).count(signal.SIGUSR1)
        app.signal(one)
        app.signal(signal.SIGUSR1)
        until(lambda: got(app).count(signal.SIGUSR1) > before or hurt(app) or go_on(child), 3)
        assert not hurt(app), f"{one.name}: {hurt(app)}"
        assert got(app).count(signal.SIGUSR1) > before, f"forwards nothing after {one.name}"


def hurt(app):
    if not app.running():
        return "it has ended"
    return "it is stopped" if proc_status(app.pid)["State"].startswith("T") else ""


def go_on(pid):
    """Where it got the signal too, and stopped."""
    if proc_status(pid)["State"].startswith("T"):
        os.kill(pid, signal.SIGCONT)

# SPDX-License-Identifier: Apache-2.0
"""What the runtime is told of how the application ended."""

import os
import signal

import pytest

from init import prelude, proc_status, until

# Those whose default action ends nobody (signal(7)).
HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN,
            signal.SIGTTOU, signal.SIGURG, signal.SIGWINCH}


def ends_with(app, wanted):
    code = app.exit_code(timeout=4)
    assert code == wanted, f"exit code {code}"


def test_each_exit_code_from_0_to_255_is_passed_on(init):
    for code in range(256):
        seen = init("sh", "-c", f"exit {code}").exit_code(timeout=4)
        assert seen == code, f"{seen} for exit code {code}"


def test_death_by_each_of_the_signals_1_to_31_is_128_plus_its_number(init):
    dies_of(init, set(range(1, 32)) - HARMLESS)


def test_death_by_each_of_the_signals_32_to_64_is_128_plus_its_number(init):
    dies_of(init, range(32, 65))


def dies_of(init, numbers):
    for number in numbers:
        seen = init("sh", "-c", f"ulimit -c 0; kill -{number} $$").exit_code(timeout=4)
        assert seen == 128 + number, f"{seen} for signal {number}"


def test_an_application_that_dumps_core_ends_with_128_plus_the_signal(init, place):
    """A bit of the wait status says that there is a core: it is no part of the signal's number."""
    pattern = core_pattern()
    if pattern.startswith(("|", "/")):
        pytest.skip(f"core files do not go to the working directory here, but to {pattern}")
    ends_with(init("sh", "-c", "ulimit -c unlimited; kill -SEGV $$"), 128 + signal.SIGSEGV)
    assert any(name.startswith("core") for name in os.listdir(place)), "no core was written"


def core_pattern():
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as file:
        return file.read().strip()


def test_an_application_that_somebody_else_kills_ends_with_137(init):
    """As the kernel does where memory is short."""
    app = init("sh", "-c", "echo up; exec sleep 100")
    app.wait_output("up")
    os.kill(app.child(), signal.SIGKILL)
    ends_with(app, 137)


def test_an_application_that_stops_and_goes_on_has_not_ended(init):
    app = init("sh", "-c", "echo up; kill -STOP $$; exit 5")
    app.wait_output("up")
    child = app.child()
    assert until(lambda: proc_status(child)["State"].startswith("T")), "it was not stopped"
    assert app.running(), "the init ended as its application stopped"
    os.kill(child, signal.SIGCONT)
    ends_with(app, 5)


def test_the_exit_code_is_passed_on_with_the_standard_descriptors_closed(init):
    """The first files that the init opens are numbers 0, 1 and 2 then."""
    closed = prelude("--close", "0", "--close", "1", "--close", "2")
    ends_with(init("sh", "-c", "exit 7", via=closed), 7)


def test_a_full_pipe_at_stderr_does_not_hold_up_the_exit(init):
    """Whoever reads the logs has stopped reading: the init has nothing to say that is worth it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 65536):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    ends_with(started_with(init, writer, "exit 7"), 7)
    os.close(reader)


def test_a_closed_pipe_at_stderr_does_not_end_the_init(init):
    """SIGPIPE, were it to write there and not be prepared."""
    reader, writer = os.pipe()
    os.close(reader)
    ends_with(started_with(init, writer, "exit 7"), 7)


def started_with(init, stderr, command):
    app = init("sh", "-c", command, stderr=stderr)
    os.close(stderr)
    return app

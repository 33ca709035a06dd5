# SPDX-License-Identifier: Apache-2.0
"""The log: whole lines that never block, whatever becomes of the pipe they go to."""

import fcntl
import os

import pytest

from lastcall import SERVING, Lines, lateness, prelude, until

PIPE = 4096  # the smallest pipe: one page, fcntl(2) F_SETPIPE_SZ


def small_pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE)
    return reader, writer


def log_to(lastcall, writer, *arguments, **options):
    app = lastcall(*arguments, stderr=writer, **options)
    os.close(writer)
    assert until(lambda: app.outer.poll() is not None or serving(app)), "it does not answer"
    return app


def serving(app):
    try:
        return app.status("/readyz") == 200
    except (OSError, AssertionError):
        return False


def fill(writer):
    """Fills a pipe to its last byte."""
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"-" * 64):
            pass
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)


def test_a_full_pipe_blocks_nothing_and_the_lines_that_were_lost_are_counted(lastcall):
    reader, writer = small_pipe()
    fill(writer)
    app = log_to(lastcall, writer, "--log-level", "debug", "--", "sleep", "100",
                 via=prelude("--ignore", "SIGRTMIN+9"))
    for count in range(6000):  # lines, far more than a ring could hold
        os.kill(app.pid, 43)
        if count % 500 == 0:
            assert app.status("/livez") == 200
    log = Lines(os.fdopen(reader, "rb"))  # from here on somebody reads
    assert log.first(lambda event: "lost" in event.get("msg", ""), 5), \
        f"nobody was told of the lines that were lost\n{log}"
    app.signal("SIGTERM")
    app.exit_code()
    assert log.first(lambda event: event.get("msg") == "exit", 5)
    filler, *lines = log.list
    assert filler.raw.lstrip("-")[:1] in ("", "{")
    assert all(lines), f"a torn line\n{log}"


def test_a_full_pipe_does_not_put_the_stop_off(anywhere):
    reader, writer = small_pipe()
    fill(writer)
    app = log_to(anywhere, writer, "--propagation", "500ms", "--", "sleep", "100")
    app.signal("SIGTERM")
    assert app.exit_code(timeout=3) == 143
    os.close(reader)


def test_a_closed_pipe_ends_nothing(anywhere):
    reader, writer = small_pipe()
    os.close(reader)
    app = log_to(anywhere, writer, "--", "sleep", "100")
    app.signal("SIGURG")
    assert app.status("/readyz") == 200
    app.signal("SIGTERM")
    assert app.exit_code() == 143


def test_a_log_that_was_closed_from_the_start_ends_nothing(lastcall):
    app = lastcall("--", "sh", "-c", "exit 6", via=prelude("--close", "2"))
    assert app.exit_code() == 6


def test_with_0_to_2_closed_nothing_of_ours_lands_there(lastcall):
    """Else what the application prints would go into one of lastcall's own descriptors."""
    app = lastcall("--", "sh", "-c", "echo out; echo err >&2; for fd in 0 1 2; do "
                   "[ -e /proc/self/fd/$fd ] && exit 1; done; exit 6",
                   via=prelude("--close", "0", "--close", "1", "--close", "2"))
    assert app.exit_code() == 6


@pytest.mark.memory
def test_the_flags_of_0_to_2_are_never_changed(anywhere):
    """They belong to the open file: O_NONBLOCK would reach the application."""
    pipes = [os.pipe(), os.pipe()]
    null = os.open("/dev/null", os.O_RDONLY)
    writers = [writer for _, writer in pipes]
    before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (null, *writers)]
    app = anywhere("--", "sleep", "100", stdin=null, stdout=writers[0], stderr=writers[1])
    assert until(lambda: serving(app))
    app.signal("SIGUSR2")
    assert app.exit_code() == 140
    assert [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (null, *writers)] == before
    for fd in (null, *(fd for pair in pipes for fd in pair)):
        os.close(fd)


def test_a_log_that_is_o_nonblock_already_stays_so_and_works(lastcall):
    app = lastcall("--", "sh", "-c", "exit 3", via=prelude("--nonblock", "2"))
    assert app.exit_code() == 3
    assert app.wait_for("exit")["code"] == 3


@pytest.mark.memory
def test_every_line_is_json_with_time_level_and_msg(anywhere):
    app = anywhere("--propagation", "100ms", "--", "sleep", "100").ready()
    app.signal("SIGTERM")
    app.exit_code()
    app.wait_for("exit")
    for event in app.log.list:
        assert list(event)[:3] == ["time", "level", "msg"], event.raw
        assert event["level"] in ("debug", "info", "warn", "error")
        assert len(event.raw) < PIPE
    assert app.log.list[0]["msg"] == "lastcall"
    assert app.log.list[-1]["msg"] == "exit"


def test_in_a_shutdown_every_line_says_how_long_after_t0_it_is(lastcall):
    app = lastcall("--propagation", "200ms", "--", "sleep", "100", via=SERVING).ready()
    app.signal("SIGTERM")
    app.exit_code()
    last = app.wait_for("exit")
    begun = app.log.list.index(app.wait_for("readiness", ready=False))
    times = [event["t"] for event in app.log.list[begun:]]
    assert times == sorted(times)
    assert last["t"] == lateness(0.2, late=0.5)


def test_log_format_text_reads_as_text(lastcall):
    app = lastcall("--log-format", "text", "--", "true")
    assert app.exit_code() == 0
    lines = [event.raw for event in app.log.list]
    assert lines and not any(line.startswith("{") for line in lines)
    assert any("process ended" in line and "code=0" in line for line in lines), app.story("")


def test_log_level_hides_what_is_less(lastcall):
    app = lastcall("--log-level", "error", "--", "/no/such/program")
    assert app.exit_code() == 127
    assert [event["msg"] for event in app.log.list] == ["cannot start"]


def test_a_very_long_command_is_logged_in_one_line_of_4096_bytes(lastcall):
    app = lastcall("--", "/" + "x" * 20000)
    assert app.exit_code() in (126, 127)
    assert app.wait_for("cannot start")
    assert max(len(event.raw.encode()) for event in app.log.list) < PIPE


def test_odd_bytes_in_a_command_make_no_line_invalid(lastcall):
    app = lastcall("--", b"/no/\xff\x01\"\\\n/program".decode("utf-8", "surrogateescape"))
    assert app.exit_code() == 127
    assert app.wait_for("cannot start")
    assert all(event for event in app.log.list), app.story("not JSON")


def test_version_and_help_go_to_stdout(lastcall):
    for option, sign in (("--version", "lastcall "), ("--help", "--grace-period")):
        app = lastcall(option)
        assert app.exit_code() == 0
        app.wait_output(sign)
        assert not app.log.list


def test_help_fits_a_screen(lastcall):
    app = lastcall("--help")
    assert app.exit_code() == 0
    app.output.first(lambda line: False, 5)
    assert len(app.output.list) <= 50
    assert max(len(line.raw) for line in app.output.list) <= 80


def test_a_pipe_that_is_full_before_the_start_puts_nothing_off(lastcall):
    """Neither what is odd in the environment, nor an error of the command line."""
    reader, writer = small_pipe()
    fill(writer)
    app = lastcall("--", "sh", "-c", "exit 4", stderr=writer, env={"LASTCALL_ODD": "1"})
    assert app.exit_code() == 4
    app = lastcall("--no-such-option", stderr=writer)
    assert app.exit_code() == 125
    os.close(reader)
    os.close(writer)

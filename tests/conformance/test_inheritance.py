# SPDX-License-Identifier: Apache-2.0
"""What the application finds of what the init was started with: all of it, and nothing else.

The platform decides what a container's process gets. An init in between is not to be noticed."""

import json
import os
import signal
import subprocess

import pytest

from init import helper, prelude, python

HIDDEN = [32, 33]
NAMED = [number for number in range(1, 65)
         if number not in (signal.SIGKILL, signal.SIGSTOP, *HIDDEN)]

# Blocks and ignores those two past the C library, which keeps them to itself.
WITH_HIDDEN = python("""
import ctypes, os, platform, sys
libc, x86 = ctypes.CDLL(None), platform.machine() == "x86_64"
mask, action = ctypes.c_uint64(3 << 31), (ctypes.c_uint64 * 4)(1)  # SIG_IGN
libc.syscall(14 if x86 else 135, 2, ctypes.byref(mask), None, 8)
for number in (32, 33):
    libc.syscall(13 if x86 else 134, number, ctypes.byref(action), None, 8)
os.execvp(sys.argv[1], sys.argv[1:])
""")

# An environment that a shell would not make: a name twice, none, no value, no "=", no text.
ENVIRONMENT = [b"PATH=/usr/bin:/bin", b"TWICE=1", b"Z=z", b"TWICE=2", b"NO EQUALS SIGN", b"EMPTY=",
               b"=NAMELESS", b"BYTES=\xff\x01\n\xc3", b"", b"A=a=b"]
EXEC_WITH = python("""
import ctypes, sys
def strings(each):
    return (ctypes.c_char_p * (len(each) + 1))(*each, None)
ctypes.CDLL(None).execve(sys.argv[2].encode(), strings([word.encode() for word in sys.argv[2:]]),
                         strings(bytes.fromhex(sys.argv[1]).split(b"\\0")))
""")


def shell(words):
    """A command to put before the init: does `words`, and becomes it."""
    return ["sh", "-c", f'{words}; exec "$@"', "sh"]


def shown(init, *command, **options):
    """What the command says as the application."""
    app = init(*command, **options)
    code = app.exit_code(timeout=4)
    assert code == 0, f"exit code {code}, said: {str(app.log).strip()}"
    return "\n".join(line.raw for line in app.output.list)


def status(init, *fields, via=()):
    """Those fields of the application's /proc/self/status."""
    lines = shown(init, "cat", "/proc/self/status", via=via).splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return [found[field].strip() for field in fields]


def state(init, **options):
    """The application's ids, descriptors and variables: what tests/apps/sigstate.c prints."""
    return json.loads(shown(init, helper("sigstate"), **options))


def kept(init, words, via=(), **options):
    """What the words of a shell say where the init starts, and in the application: the same."""
    before, _, after = shown(init, "sh", "-c", words, via=[*via, *shell(f"{words}; echo --")],
                             **options).partition("\n--\n")
    assert after == before, f"was {before!r}, is {after!r}"
    return after


def signals(init, via):
    """What the application has blocked, and what it ignores."""
    masks = [int(field, 16) for field in status(init, "SigBlk", "SigIgn", via=via)]
    return [[number for number in range(1, 65) if mask >> number - 1 & 1] for mask in masks]


def test_no_signal_is_blocked_or_ignored_where_none_was(init):
    blocked, ignored = signals(init, via=prelude())
    assert not blocked and not ignored, f"blocked {blocked}, ignored {ignored}"


def test_each_signal_that_was_blocked_is_blocked_and_no_other(init):
    for number in NAMED:
        blocked, _ = signals(init, via=["env", f"--block-signal={number}"])
        assert blocked == [number], f"with {number} blocked: {blocked}"


def test_all_signals_that_were_blocked_are_blocked(init):
    blocked, _ = signals(init, via=["env", "--block-signal"])
    assert blocked == NAMED, f"no longer blocked: {sorted(set(NAMED) - set(blocked))}"


def test_each_signal_that_was_ignored_is_ignored_and_no_other(init):
    """SIGCHLD has a line of its own."""
    for number in NAMED:
        if number != signal.SIGCHLD:
            _, ignored = signals(init, via=["env", f"--ignore-signal={number}"])
            assert ignored == [number], f"with {number} ignored: {ignored}"


def test_sigchld_that_was_ignored_is_ignored(init):
    _, ignored = signals(init, via=["env", "--ignore-signal=CHLD"])
    assert ignored == [signal.SIGCHLD], f"ignored: {ignored}"


UNBLOCKS_HIDDEN = "glibc's sigprocmask(3) takes them out of every mask; lastcall asks the kernel"


@pytest.mark.differs("tini", UNBLOCKS_HIDDEN)
@pytest.mark.differs("catatonit", UNBLOCKS_HIDDEN)
def test_signals_32_and_33_that_the_c_library_hides_are_blocked_and_ignored_as_they_were(init):
    blocked, ignored = signals(init, via=WITH_HIDDEN)
    assert set(HIDDEN) <= set(blocked) & set(ignored), f"blocked {blocked}, ignored {ignored}"


def test_no_descriptor_of_the_init_itself_is_open(init):
    fds = state(init)["fds"]
    assert fds == [0, 1, 2], f"descriptors {fds}"


PASSES_ALL = "passes on all it inherited: a gift (podman run --preserve-fds), or a leak that " \
             "keeps a pipe or mount open; lastcall passes on what LISTEN_FDS names"


@pytest.mark.differs("tini", PASSES_ALL)
@pytest.mark.differs("dumb-init", PASSES_ALL)
@pytest.mark.differs("catatonit", PASSES_ALL)
def test_a_descriptor_that_nobody_passed_on_is_not_open(init):
    fds = state(init, via=prelude("--open", "9"))["fds"]
    assert fds == [0, 1, 2], f"descriptors {fds}"


def test_a_descriptor_that_was_passed_on_is_open(init):
    fds = state(init, via=prelude("--open", "3", "--listen-fds", "1"))["fds"]
    assert fds == [0, 1, 2, 3], f"descriptors {fds}"


def test_a_descriptor_that_was_passed_on_is_found_by_socket_activation(init):
    """sd_listen_fds(3) takes it only where LISTEN_PID is its own PID."""
    found = state(init, via=prelude("--open", "3", "--listen-fds", "1"))
    listen_pid, listen_fds = (found["env"].get(name) for name in ("LISTEN_PID", "LISTEN_FDS"))
    assert (listen_pid, listen_fds) == (str(found["pid"]), "1"), \
        f"PID {found['pid']} finds LISTEN_PID={listen_pid}"


def test_a_standard_descriptor_that_was_closed_is_closed(init):
    fds = state(init, via=prelude("--close", "0"))["fds"]
    assert fds == [1, 2], f"descriptors {fds}"


def test_the_standard_descriptors_block_or_not_as_they_did(init):
    """They are shared with others, whose writes would begin to fail."""
    all_three = "--nonblock 0 --nonblock 1 --nonblock 2".split()
    for via, nonblock in (prelude(), False), (prelude(*all_three), True):
        found = kept(init, "grep -h flags: /proc/self/fdinfo/[012]", via, stdin=subprocess.PIPE)
        flags = [int(line.split()[1], 8) & os.O_NONBLOCK != 0 for line in found.splitlines()]
        assert flags == [nonblock] * 3, f"O_NONBLOCK set: {flags}"


def test_the_environment_is_the_same_byte_for_byte(init, place):
    path = os.path.join(place, "environ")
    with open(path, "wb") as file:
        app = init("/bin/cat", "/proc/self/environ", stdout=file,
                   via=[*EXEC_WITH, b"\0".join(ENVIRONMENT).hex()])
        assert app.exit_code(timeout=4) == 0, f"said: {app.log}"
    with open(path, "rb") as file:
        found = file.read().split(b"\0")[:-1]
    found = [entry for entry in found if entry != b"LASTCALL_SUPERVISED=1"]
    assert found == ENVIRONMENT, f"{found}"


def test_the_working_directory_is_the_same(init, place):
    found = shown(init, "/bin/pwd", cwd=place)
    assert found == os.path.realpath(place), f"in {found}"


def test_the_umask_is_the_same(init):
    umask, = status(init, "Umask", via=shell("umask 027"))
    assert umask == "0027", f"umask {umask}"


def test_each_resource_limit_is_the_same_soft_and_hard(init):
    limits = ["--as=8000000000:9000000000", "--core=1000:2000", "--cpu=100:200",
              "--data=4000000000:5000000000", "--fsize=600000:700000", "--locks=10:20",
              "--memlock=10000:20000", "--msgqueue=1000:2000", "--nice=0:0", "--nofile=100:200",
              "--nproc=3000:4000", "--rss=100000:200000", "--rtprio=0:0",
              "--rttime=1000000:2000000", "--sigpending=1000:2000", "--stack=4194304:5242880"]
    found = kept(init, "cat /proc/self/limits", via=["prlimit", *limits])
    for limit in limits:
        values = limit.partition("=")[2].split(":")
        assert any(line.split()[-3:-1] == values or line.split()[-2:] == values
                   for line in found.splitlines()), f"{limit} was not set:\n{found}"


def test_the_nice_value_is_the_same(init):
    assert kept(init, "nice", via=["nice", "-n", "7"]).strip() == str(min(os.nice(0) + 7, 19))


def test_the_scheduling_policy_is_the_same(init):
    found = kept(init, "chrt -p $$ | sed 's/.*: //'", via=["chrt", "--batch", "0"])
    assert found == "SCHED_BATCH\n0", f"{found}"


def test_the_processors_it_may_run_on_are_the_same(init):
    one = str(max(os.sched_getaffinity(0)))
    found, = status(init, "Cpus_allowed_list", via=["taskset", "--cpu-list", one])
    assert found == one, f"processors {found}"


def test_the_timer_slack_is_the_same(init):
    found = shown(init, "cat", "/proc/self/timerslack_ns",
                  via=shell("echo 123456 >/proc/self/timerslack_ns"))
    assert found == "123456", f"{found} ns"


def test_the_oom_score_is_the_same(init):
    found = shown(init, "cat", "/proc/self/oom_score_adj", via=["choom", "--adjust", "500", "--"])
    assert found == "500", f"oom_score_adj {found}"


def test_inheritable_and_ambient_capabilities_are_the_same(init):
    """Those with which a program that is not root keeps some (capabilities(7))."""
    found = status(init, "CapInh", "CapAmb", via=["setpriv", "--inh-caps=-all,+net_bind_service",
                                                  "--ambient-caps=-all,+net_bind_service"])
    assert found == ["0000000000000400"] * 2, f"inheritable, ambient: {found}"


def test_the_bounding_set_is_the_same(init):
    found, = status(init, "CapBnd", via=["setpriv", "--bounding-set=-all,+chown,+setpcap,+kill"])
    assert int(found, 16) == 1 << 0 | 1 << 5 | 1 << 8, f"bounding set {found}"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: other ids to change to")
def test_user_group_and_supplementary_groups_are_the_same(init):
    found = status(init, "Uid", "Gid", "Groups", "CapEff",
                   via=["setpriv", "--reuid=1000", "--regid=1001", "--groups=7,8,1001",
                        "--inh-caps=-all,+net_bind_service",
                        "--ambient-caps=-all,+net_bind_service"])
    assert [field.split() for field in found] == [["1000"] * 4, ["1001"] * 4, ["7", "8", "1001"],
                                                  ["0000000000000400"]], f"{found}"


def test_new_privileges_are_forbidden_only_where_they_were(init):
    for via, expected in ([], "0"), (["setpriv", "--no-new-privs"], "1"):
        found, = status(init, "NoNewPrivs", via=via)
        assert found == expected, f"no_new_privs {found}, was {expected}"


def test_the_seccomp_filter_is_the_same(init):
    found = kept(init, "grep Seccomp: /proc/self/status", via=[helper("refuse"), "clone3", "--"])
    assert found.split() == ["Seccomp:", "2"], f"{found}"


def test_the_personality_is_the_same(init):
    found = shown(init, "cat", "/proc/self/personality", via=["setarch", "--addr-no-randomize"])
    assert found == "00040000", f"personality {found}"


def test_cgroup_and_namespaces_are_the_same(init):
    kept(init, "cat /proc/self/cgroup; readlink /proc/self/ns/*")


# keyctl(2): KEYCTL_JOIN_SESSION_KEYRING of no name, as container runtimes do; the serial number.
KEYRING = """
import ctypes, os, platform, sys
number = 250 if platform.machine() == "x86_64" else 219
print(ctypes.CDLL(None).syscall(number, 1, None) if sys.argv[1:] else
      ctypes.CDLL(None).syscall(number, 0, -3, 0))
if sys.argv[1:]:
    os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_the_session_keyring_is_the_same(init):
    joined, found = shown(init, *python(KEYRING), via=python(KEYRING)).split()
    if int(joined) < 0:
        pytest.skip("keyctl(2) is refused here")
    assert found == joined, f"keyring {found}, was {joined}"


def test_it_leads_a_process_group(init):
    """So that what is meant for its group, such as kill 0, does not hit the init."""
    found = state(init)
    assert found["pgrp"] == found["pid"], f"PID {found['pid']} in group {found['pgrp']}"


@pytest.mark.differs("dumb-init", "gives it a session of its own, by its documentation, so that "
                                  "all of it can be signalled; --single-child does not")
def test_it_is_in_the_session_of_the_init(init):
    found = state(init, via=["setsid"])
    assert found["sid"] == 1, f"in session {found['sid']}, not in that of PID 1"

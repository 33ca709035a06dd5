# SPDX-License-Identifier: Apache-2.0
"""Sets up what the program after "--" inherits, and becomes that program.

    --ignore SIGNAL     its disposition is "ignored"
    --block SIGNAL      it is in the mask
    --pending SIGNAL    it is in the mask, and has been sent already
    --open FD           a descriptor that is open, on /dev/null
    --close FD
    --nonblock FD       with O_NONBLOCK set
    --nofile N          so many descriptors
    --terminal          a new session, whose controlling terminal is stdin
    --listen-fds N      LISTEN_PID is set to this process, LISTEN_FDS to N
    --serve             descriptor 3 listens on port 8000, and is passed on as those are
"""

import fcntl
import os
import resource
import signal
import socket
import sys
import termios


def number(name):
    return 34 + int(name[8:] or 0) if name.startswith("SIGRTMIN") else signal.Signals[name].value


def block(name):
    signal.pthread_sigmask(signal.SIG_BLOCK, [number(name)])


def pending(name):
    block(name)
    os.kill(os.getpid(), number(name))


def open_at(fd):
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, int(fd))
    if null != int(fd):
        os.close(null)
    os.set_inheritable(int(fd), True)


def nonblock(fd):
    fcntl.fcntl(int(fd), fcntl.F_SETFL, fcntl.fcntl(int(fd), fcntl.F_GETFL) | os.O_NONBLOCK)


def listen_fds(count):
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=count)


def serve():
    kept = socket.create_server(("0.0.0.0", 8000)).detach()
    os.dup2(kept, 3)
    if kept != 3:
        os.close(kept)
    os.set_inheritable(3, True)
    listen_fds("1")


SETTINGS = {
    "--ignore": lambda name: signal.signal(number(name), signal.SIG_IGN),
    "--block": block,
    "--pending": pending,
    "--open": open_at,
    "--close": lambda fd: os.close(int(fd)),
    "--nonblock": nonblock,
    "--nofile": lambda n: resource.setrlimit(resource.RLIMIT_NOFILE, (int(n), int(n))),
    "--listen-fds": listen_fds,
}


def main(arguments):
    # Python ignores these two for itself.
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    while (option := arguments.pop(0)) != "--":
        if option == "--terminal":
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        elif option == "--serve":
            serve()
        else:
            SETTINGS[option](arguments.pop(0))
    os.execvp(arguments[0], arguments)


main(sys.argv[1:])

# SPDX-License-Identifier: Apache-2.0
"""The quickstart: builds lastcall, shows what it does, and leaves nothing behind but the build."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile

import report
import scene
from keeper import Failure, Interrupted, Keeper

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FIRSTS = ("lastcall", "tini", "nothing")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="deploy/quickstart", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="""\
Rolling stops of a real web server behind a real balancer, with lastcall and without.

Installs what is missing (Debian: nginx, haproxy, tini, a compiler), builds lastcall as it is
released, and then, for each row of the table at the end, at the same time and on ports of its own:
HAProxy in front of two nginx; requests at a fixed rate, each sent once; one nginx after the other
is sent the platform's stop signal, and its replacement starts some seconds after it has ended.

The rows: lastcall, tini, or nothing before nginx; SIGTERM (what Kubernetes sends unless the image
says otherwise) or SIGQUIT (nginx's own graceful stop) from the platform; new or kept-alive
connections. Takes about a minute after the build.""",
        epilog="""\
Exit status: 0 no request failed with lastcall and some failed without; 1 it was not so, or
something went wrong; 128+N ended by signal N.""")
    parser.add_argument("--stops", type=int, default=6, metavar="N", help="stops a row (6)")
    parser.add_argument("--only", action="append", choices=FIRSTS,
                        help="only these rows; may be repeated")
    parser.add_argument("--rate", type=float, default=100, metavar="R",
                        help="requests a second, a row (100)")
    parser.add_argument("--window", default="2s", metavar="DURATION",
                        help="lastcall's --propagation: longer than the balancer needs to notice, "
                             "which is a second here (2s)")
    parser.add_argument("--away", type=float, default=4, metavar="SECONDS",
                        help="until the replacement of a stopped server starts (4); below 3 the "
                             "balancer's retries, a second apart, hide refused connections, at the "
                             "price of answers that take as long")
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build-release",
                        metavar="DIR", help="where to build, and what stays (build-release)")
    parser.add_argument("--lastcall", type=pathlib.Path, metavar="FILE",
                        default=os.environ.get("LASTCALL") or None,
                        help="do not build: use this binary (and the load generator of the same "
                             "build); or $LASTCALL")
    parser.add_argument("--keep-logs", type=pathlib.Path, metavar="DIR",
                        help="keep every log and configuration file there")
    options = parser.parse_args(arguments)
    if options.stops < 1:
        parser.error("--stops: at least 1")
    options.settle = 0.5
    return options


def configurations(only):
    """In the table's order. With lastcall the platform's signal does not matter."""
    signals = {"lastcall": ("SIGTERM",)}
    return [scene.Configuration(first, stop_signal, reuse)
            for reuse in (False, True)
            for first in FIRSTS if not only or first in only
            for stop_signal in signals.get(first, ("SIGTERM", "SIGQUIT"))]


def build(keeper, options, progress):
    log = options.work / "build.log"
    targets = ["cmd/lastcall/lastcall", "tests/apps/load"]
    for command in (["meson", "setup", options.build, SOURCE, "--buildtype=release",
                     "-Dstatic=true"],
                    ["ninja", "-C", options.build, *targets]):
        process = keeper.start(command, log)

        def is_done():
            progress.show(f"building lastcall (release, static) {_last_step(log)}")
            return process.poll() is not None
        keeper.wait_until(is_done, f"{command[0]} ended", 1200, interval=0.2)
        if process.returncode != 0:
            raise Failure("the build failed:\n" + log.read_text(errors="replace"))
    options.lastcall, options.load = (options.build / target for target in targets)


def _last_step(log):
    """ninja's "[12/60]"."""
    steps = re.findall(r"^\[\d+/\d+\]", log.read_text(errors="replace"), re.MULTILINE)
    return steps[-1] if steps else ""


def use_built(options):
    options.lastcall = options.lastcall.resolve()
    options.load = options.lastcall.parents[2] / "tests/apps/load"
    for file in (options.lastcall, options.load):
        if not os.access(file, os.X_OK):
            raise Failure(f"{file} is not there")


def run(keeper, options, progress):
    rows = configurations(options.only)
    options.ports = scene.ports_for(len(rows))
    scenes = [scene.Scene(keeper, row, options, number) for number, row in enumerate(rows)]

    def on_stop(played, stop):
        if played.configuration.first == "lastcall":
            progress.print(report.timeline(played.configuration, played.done + 1, options.stops,
                                           stop))

    with concurrent.futures.ThreadPoolExecutor(len(scenes)) as threads:
        # However we leave, the threads end first, and soon: each of their waits looks at this.
        try:
            futures = [threads.submit(played.run, on_stop) for played in scenes]
            while concurrent.futures.wait(futures, timeout=0.2).not_done:
                done = sum(played.done for played in scenes)
                progress.show(f"{len(scenes)} rows side by side: {done} of "
                              f"{len(scenes) * options.stops} stops")
                for future in futures:
                    if future.done():
                        future.result()
            return [future.result() for future in futures]
        finally:
            keeper.closing.set()


def play(keeper, options):
    progress = report.Progress()
    if options.lastcall:
        use_built(options)
    else:
        build(keeper, options, progress)
    (options.work / "page").write_bytes(b"x" * 20480)
    results = run(keeper, options, progress)
    good, sentences = report.verdict(results)
    progress.print(f"{report.table(results, options)}\n\n{sentences}")
    return 0 if good else 1


def listen_to_signals():
    """The first one ends us; more of them would only keep us from cleaning up."""
    def handler(number, _frame):
        ignore_signals()
        raise Interrupted(number)
    for number in STOP_SIGNALS:
        signal.signal(number, handler)


def ignore_signals():
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def main():
    options = parse(sys.argv[1:])
    listen_to_signals()
    keeper = Keeper()
    try:
        if options.keep_logs:
            options.keep_logs.mkdir(parents=True)
            options.work = options.keep_logs.resolve()
        else:
            options.work = pathlib.Path(tempfile.mkdtemp(prefix="lastcall-"))
        return play(keeper, options)
    except Interrupted as interrupted:
        return 128 + interrupted.number
    except (Failure, OSError) as failure:
        print(f"\ndeploy/quickstart: {failure}", file=sys.stderr)
        return 1
    finally:
        ignore_signals()
        keeper.end_all()
        if not options.keep_logs and "work" in options:
            shutil.rmtree(options.work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

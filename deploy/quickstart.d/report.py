# SPDX-License-Identifier: Apache-2.0
"""What the person at the keyboard sees: progress, timelines, the table."""

import shutil
import sys
import threading
import time


class Progress:
    """One line that is written over, on a terminal; elsewhere a line every five seconds."""

    def __init__(self):
        self._begun = time.monotonic()
        self._printed = float("-inf")
        self._lock = threading.Lock()
        self._terminal = sys.stdout.isatty()
        self._shown = False

    def show(self, text):
        with self._lock:
            now = time.monotonic()
            line = f"[{now - self._begun:4.0f} s] {text}"
            if self._terminal:
                columns = shutil.get_terminal_size().columns
                print(f"\r\x1b[K{line[:columns - 1]}", end="", flush=True)
                self._shown = True
            elif now - self._printed >= 5:
                print(line, flush=True)
                self._printed = now

    def print(self, text):
        """For good, above the line."""
        with self._lock:
            if self._shown:
                print("\r\x1b[K", end="")
                self._shown = False
            print(text, flush=True)


def timeline(configuration, number, count, stop):
    """A stop by lastcall: from its own log, and nginx's."""
    connections = "kept-alive" if configuration.reuse else "new"
    lines = [f"stop {number} of {count}: lastcall and nginx {stop.server.upper()}, "
             f"{connections} connections"]
    # The stop signal's own line, which says when it is zero, has no time since then.
    lines += [f"  T+{entry.get('t', 0):.3f}  {text}" for entry in stop.log
              if ("t" in entry or entry["msg"] == "signal") and (text := _describe(entry, stop))]
    return "\n".join(lines) + "\n"


def _describe(entry, stop):
    message = entry["msg"]
    if message == "signal":
        return f"{entry['signal']} to lastcall"
    if message == "readiness" and not entry["ready"]:
        return "readiness is off: /readyz answers 503 from here on"
    if message == "phase" and entry["phase"] == "propagating":
        return f"the window is over: {_answered(stop.answers, entry['t'])}"
    if message == "stop signal sent":
        return f"{entry['signal']} to nginx"
    if message == "process ended":
        return f"nginx has ended with {entry['code']}{_completed(entry, stop)}"
    if message == "exit":
        return f"lastcall exits with {entry['code']}"
    return None


def _completed(entry, stop):
    asked = [line["t"] for line in stop.log if line["msg"] == "stop signal sent"]
    late = sum(complete > min(asked, default=entry["t"]) for _, complete in stop.answers)
    return f", once {late} answers that were on their way were complete" if late else ""


def _answered(answers, until):
    within = sum(complete <= until for _, complete in answers)
    last = max((begun for begun, _ in answers), default=0)
    return f"{within} requests answered meanwhile, the last new one came at T+{max(last, 0):.2f}"


COLUMNS = "{:<22}{:>10}{:>9}{:>16}{:>17}{:>11}"


def table(results, options):
    lines = []
    for reuse in (False, True):
        rows = [result for result in results if result.configuration.reuse is reuse]
        if not rows:
            continue
        lines.append("kept-alive connections on both sides of the balancer (http-reuse safe)"
                     if reuse else
                     "a new connection for each request, on both sides (http-reuse never)")
        lines.append(COLUMNS.format("", "requests", "failed", "longest answer", "a stop (median)",
                                    "retries *"))
        for result in rows:
            lines += _row(result)
        lines.append("")
    lines.append(f"""\
{options.stops} stops a row; {options.rate:g} requests a second, due at fixed times, each sent once.
The longest answer: from when the request was due to its answer, or its failure.
A replacement starts {options.away:g} s after its predecessor has ended.
* by the balancer, HAProxy's default: 3 a request, to the same server, a second apart, and only
  where no connection could be made.""")
    return "\n".join(lines)


def _row(result):
    load = result.load
    yield COLUMNS.format(str(result.configuration), load["requests"], load["failed"],
                         f"{result.longest_answer:.2f} s",
                         f"{result.median_stop:.2f} s", result.retries)
    for name, count in sorted(load["failures"].items(), key=lambda item: -item[1]):
        yield f"    {count} {name}"


def verdict(results):
    """(whether all is as it should be, one sentence a finding)"""
    good, lines = True, []
    ours = [result for result in results if result.configuration.first == "lastcall"]
    peers = [result for result in results if result.configuration.first != "lastcall"]
    if ours:
        requests, failed = _sum(ours, "requests"), _sum(ours, "failed")
        stops = [stop for result in ours for stop in result.stops]
        codes = sorted({stop.code for stop in stops} - {0})
        lines.append(f"with lastcall: {failed} of {requests} requests failed over {len(stops)} "
                     f"stops" + (f"; exit codes {codes}, 0 was expected" if codes else ""))
        good = failed == 0 and not codes
    if peers:
        lines.append(f"without: {_sum(peers, 'failed')} of {_sum(peers, 'requests')} requests "
                     f"failed over {sum(len(result.stops) for result in peers)} stops")
        if _sum(peers, "failed") == 0:
            lines.append("without lastcall nothing failed either: this run shows nothing")
            good = False
    return good, "\n".join(lines)


def _sum(results, key):
    return sum(result.load[key] for result in results)

# SPDX-License-Identifier: Apache-2.0
"""`tests/e2e/run --rollouts`: how long a rolling update of two pods takes, under load, by application and
column; one after the other, since beside others it is a measure of how busy the machine was. Exit status
1 where one of lastcall's loses a request, or they take longer than they may."""

import statistics
import sys
import time
import uuid

import cluster
import results
from applications import COLUMNS, COMMANDS, MODES
from table import lost, row, sums
from test_rollouts import play

WAY = "update"
LONGEST_ANSWER = 3 # seconds
# The table's rows: an application, and more of the chart's values. At SIGQUIT nginx answers what is in
# flight and closes what is idle: lastcall need not wait for it.
ROWS = {app: (app, {}) for app in COMMANDS} | {
    "nginx-undrained": ("nginx", {"drain": {"waitForIdle": False}})}


def measure(called, column):
    """One rolling update, of which all that was seen is kept."""
    print(f"{time.strftime('%T')}  {called}, {column}", flush=True)
    app, more = ROWS[called]
    name = f"lastcall-update-{called}-{column}-{uuid.uuid4().hex[:6]}"
    with cluster.Namespace(name) as namespace:
        play(namespace, app, column, (WAY,), called=called, **more)


def columns(called):
    """What is the chart's to set is lastcall's alone."""
    _, more = ROWS[called]
    return MODES if more else COLUMNS


def took(cell):
    return cell["ways"][WAY]["ended"] - cell["ways"][WAY]["began"]


def slowest(cell):
    """By how much the slowest answer took longer than the application took for it."""
    return max(float(line["took_ms"]) - int(client.rsplit("-", 1)[1].removesuffix("ms"))
               for client, one in cell["load"].items()
               for line in one["record"] if line["outcome"] == "answered") / 1000


def median(cells, column):
    return statistics.median(took(cells[app, column]) for app in COMMANDS)


def table(cells):
    """`cells` by application and column."""
    def line(name, seconds, some=COLUMNS):
        return row([name, *(f"{seconds(column):.1f} s" if column in some else ""
                            for column in COLUMNS)])
    yield row(["a rolling update of 2 pods of", *COLUMNS])
    yield row(["---"] * (len(COLUMNS) + 1))
    for called in ROWS:
        yield line(called, lambda column, called=called: took(cells[called, column]), columns(called))
    yield line("median", lambda column: median(cells, column))
    yield line("the slowest answer, over its length",
               lambda column: max(slowest(cells[app, column]) for app in COMMANDS))


def main():
    for called in ROWS:
        for column in columns(called):
            measure(called, column)
    cells = {(cell["app"], cell["column"]): cell for cell in results.kept()}
    allowed = 1.15 * (median(cells, "sleep") + LONGEST_ANSWER)
    ratios = {column: median(cells, column) / allowed for column in MODES}
    print("\n".join(["", *table(cells), "", *sums(cells.values()), *(
        f"{column}: {ratio:.2f} of what it may take, 1.15 x (sleep and the longest answer)."
        for column, ratio in ratios.items())]))
    return max(ratios.values()) > 1 or lost(cells.values()) > 0


if __name__ == "__main__":
    sys.exit(main())

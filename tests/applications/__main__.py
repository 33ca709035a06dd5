# SPDX-License-Identifier: Apache-2.0
"""See tests/applications/run."""

import argparse
import concurrent.futures
import datetime
import json
import os
import sys

import servers
import tables
import window
from cell import CLIENTS, Cell, play

CELLS = [Cell(app, init, clients) for clients in CLIENTS for app in servers.NAMES
         for init in tables.INITS]
CELLS += [window.cell(propagation, clients=clients) for propagation in tables.WINDOWS
          for clients in ("new", "kept")]


def parse(words):
    parser = argparse.ArgumentParser(prog="tests/applications/run")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    return parser.parse_args(words)


def chosen(only):
    found = [cell for cell in CELLS if all(word in tables.name_of(cell) for word in only)]
    return found or sys.exit("tests/applications/run: no such cell (see --list)")


def run(cells):
    jobs = int(os.environ.get("JOBS") or 2 * os.cpu_count())
    results = {"date": datetime.date.today().isoformat(), "processors": os.cpu_count(),
               "cells": [], "windows": []}
    with concurrent.futures.ThreadPoolExecutor(jobs) as threads:
        for cell, seen in zip(cells, threads.map(play, cells)):
            is_window = cell.app == "nginx"
            one = (tables.window_result if is_window else tables.result)(cell, seen)
            results["windows" if is_window else "cells"].append(one)
            print(f"{tables.name_of(cell)}: {one['failed']} of {one['requests']} failed",
                  file=sys.stderr)
    return results


def write(results, place):
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "results.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    with open(os.path.join(place, "table.md"), "w", encoding="utf-8") as file:
        file.write(tables.text(results))


def main(words):
    options = parse(words)
    cells = chosen(options.only)
    if options.list:
        return print("\n".join(map(tables.name_of, cells)))
    results = run(cells)
    for place in (servers.BUILD, servers.HERE) if options.keep else (servers.BUILD,):
        write(results, place)
    print(tables.text(results), end="")
    return int(any(map(tables.is_wrong, results["cells"] + results["windows"])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: Apache-2.0
"""Counts what tests said of themselves, for tests/run.

    tally.py [--output FILE] NAME STATUS FILE...

FILE is meson's testlog.json (whose programs speak TAP: each sentence is a test) or pytest's JUnit
XML. STATUS is the exit status of what ran them: where it is not 0 and no test failed by its own
account, or nothing ran at all, that is one failure more. Prints what failed, and appends to FILE
one line for each test, skip and figure:

    passed|failed|skipped|figure <TAB> NAME <TAB> test <TAB> reason or value
"""

import argparse
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

TAP = re.compile(r"^(not )?ok\b *\d* *-? *([^#\n]*)(?:# *(SKIP)\S* *(.*))?$", re.MULTILINE)


def of_meson(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield from of_program(json.loads(line))


def of_program(program):
    name, well = program["name"], program["result"] in ("OK", "SKIP")
    said = program.get("stdout") or ""
    any_failed = False
    lines = list(TAP.finditer(said))
    for found in lines:
        bad, sentence, directive, why = found.groups()
        kind = "failed" if bad else "skipped" if directive else "passed"
        any_failed = any_failed or bool(bad)
        yield kind, f"{name}: {sentence.strip()}", (why or "") if kind == "skipped" else ""
    if not lines and program["result"] == "SKIP":
        yield "skipped", name, said.strip()
    elif not lines and well:
        yield "passed", name, ""
    if not well and not any_failed:
        yield "failed", name, f"ended badly: {program['result']}"


def of_pytest(path):
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname').split('.')[-1]}: {case.get('name').replace('_', ' ')}"
        for one in case.iter("property"):
            if one.get("name").startswith("figure: "):
                yield "figure", one.get("name")[len("figure: "):], one.get("value")
        skipped = case.find("skipped")
        failed = [one for one in case if one.tag in ("failure", "error")]
        if failed:
            yield "failed", name, failed[0].get("message", "").split("\n")[0]
        elif skipped is not None:
            yield "skipped", name, skipped.get("message", "")
        else:
            yield "passed", name, ""


def count(path):
    try:
        return list(of_meson(path) if path.endswith(".json") else of_pytest(path))
    except (OSError, ValueError, ElementTree.ParseError) as error:
        return [("failed", path, f"its results cannot be read: {error}")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--output", required=True)
    parser.add_argument("name")
    parser.add_argument("status", type=int)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    rows = [row for path in options.files for row in count(path)]
    kinds = [kind for kind, _, _ in rows]
    if options.status and "failed" not in kinds:
        rows.append(("failed", options.name, f"exit status {options.status}"))
    elif not {"passed", "failed", "skipped"} & set(kinds):
        rows.append(("failed", options.name, "nothing ran"))
    with open(options.output, "a", encoding="utf-8") as file:
        for kind, test, detail in rows:
            print(kind, options.name, test, " ".join(detail.split()), sep="\t", file=file)
    return 1 if any(kind == "failed" for kind, _, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Makes anew what is made: the schema's descriptions, the golden renderings, README.md."""

import os
import subprocess

import chart


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def update_golden():
    wanted = chart.cases("values")
    for name in chart.cases("golden"):
        if name not in wanted:
            os.remove(f"{chart.HERE}/golden/{name}.yaml")
    for name, path in wanted.items():
        write(f"{chart.HERE}/golden/{name}.yaml", chart.manifest(chart.template(path)))
        write(f"{chart.HERE}/golden/{name}.notes", chart.notes(path))


def main():
    write(f"{chart.CHART}/values.schema.json", chart.described_schema())
    update_golden()
    subprocess.run([chart.program("helm-docs"), "--chart-search-root", chart.CHART], check=True)


main()

# SPDX-License-Identifier: Apache-2.0
"""The results as tables, in Markdown."""

import servers
import window

INITS = ("nothing", "tini", "sleep 5", "lastcall")
REUSED = "reused connection closed before any byte"
HEADS = {
    "new": "New connections, through the balancer",
    "kept": "Kept-alive connections, through the balancer",
    "straight": "Kept-alive connections straight to the application: failed, and of these on a "
                "reused connection that was closed before any byte of an answer",
}


WINDOWS = {window.FIXED: "5 s, whatever comes", window.FOLLOWING: "5 s to 15 s, by what arrives"}


def name_of(cell):
    if cell.app == "nginx":
        return f"window {cell.clients} {cell.options[-1]}"
    return f"{cell.app} {cell.clients} {cell.init}"


def result(cell, seen):
    """What is kept of a cell."""
    stopped, load = seen["servers"][0], seen["load"]
    return {"app": cell.app, "init": cell.init, "clients": cell.clients,
            "requests": load["requests"], "failed": load["failed"], "failures": load["failures"],
            "seconds": stopped["seconds"], "killed": stopped["killed"], "code": stopped["code"]}


def window_result(cell, seen):
    stopped, load = seen["servers"][0], seen["load"]
    return {"window": cell.options[-1], "clients": cell.clients, "requests": load["requests"],
            "failed": load["failed"], "failures": load["failures"], "end": window.end(stopped),
            "last_arrival": round(window.last_arrival(stopped), 3)}


def is_wrong(one):
    """Lost with lastcall where nothing need be, or waited for longer than needed."""
    if "window" in one:
        return one["window"] == window.FOLLOWING and (
            one["failed"] > 0 or one["end"] > one["last_arrival"] + window.QUIET + 0.2)
    return one["init"] == "lastcall" and one["clients"] != "straight" and one["failed"] > 0


def _text(one):
    if not one:
        return ""
    failed = f"**{one['failed']:,}**" if one["init"] == "lastcall" else f"{one['failed']:,}"
    if one["clients"] == "straight":
        failed += f", {one['failures'].get(REUSED, 0):,}"
    return f"{failed} ({one['seconds']:.1f} s{', killed' if one['killed'] else ''})"


def text(results):
    return "\n".join([*_applications(results), *_windows(results["windows"])]).strip() + "\n"


def _windows(rows):
    if not rows:
        return
    yield "| lastcall's window | connections | requests | failed | its end | the last arrival |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in rows:
        connections = "new" if one["clients"] == "new" else "kept alive"
        yield (f"| {WINDOWS[one['window']]} | {connections} | {one['requests']:,} | "
               f"{one['failed']:,} | {one['end']:.2f} s | {one['last_arrival']:.2f} s |")


def _applications(results):
    found = {(one["clients"], one["app"], one["init"]): one for one in results["cells"]}
    for clients, head in HEADS.items():
        apps = [app for app in servers.NAMES if any(key[:2] == (clients, app) for key in found)]
        if not apps:
            continue
        inits = [init for init in INITS if any((clients, app, init) in found for app in apps)]
        yield f"| {head} | {' | '.join(inits)} |"
        yield "| --- |" + " --- |" * len(inits)
        for app in apps:
            cells = (_text(found.get((clients, app, init))) for init in inits)
            yield f"| {servers.NAMES[app]} | {' | '.join(cells)} |"
        yield ""

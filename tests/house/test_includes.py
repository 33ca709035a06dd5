# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the architecture, held by the include lines and the core's symbols."""

import glob
import os
import re
import subprocess

from conftest import ROOT, read

FOLDERS = ["base", "core", "config", "sys", "drive", "embed"]

ALLOWED = {
    "base": {"base"},
    "core": {"core"},
    "config": {"config", "base", "core"},
    "sys": {"sys", "base"},
    "drive": {"drive", "core", "config", "sys", "base"},
    "embed": {"embed", "core", "base"},
}

# Headers of ISO C that need no library; of string.h, what the archive's symbols below allow.
FREESTANDING = {"assert.h", "errno.h", "limits.h", "stdalign.h", "stdbool.h", "stddef.h", "stdint.h",
                "string.h"}

# Library: how its headers begin, where they may be included, in how many files at most.
LIBRARIES = [
    ("libyaml", r"yaml\.h", {"config"}, 1),
    ("BearSSL", r"bearssl.*\.h", {"lastcallctl"}, 1),
    ("libcap", r"sys/capability\.h", {"sys"}, 1),
    ("libevent", r"(event2/.*|event|evhttp|evdns|evutil)\.?h?", {"drive", "embed"}, None),
]

# What the compiler itself calls: memcpy(3) and its kin, also as _FORTIFY_SOURCE spells them, and
# the stack protector's parts (its guard is a variable on arm64).
COMPILERS_OWN = re.compile(r"(__)?(memcpy|memset|memcmp|memmove)(_chk)?|__stack_chk_(fail|guard)|"
                           r"_GLOBAL_OFFSET_TABLE_")


def includes(name):
    """What is between < and >, or, of ours, between quotes."""
    return system_headers(name) + our_headers(name)


def system_headers(name):
    return re.findall(r"^\s*#\s*include\s*<([^>]+)>", read(name), re.MULTILINE)


def our_headers(name):
    return re.findall(r'^\s*#\s*include\s*"([^"]+)"', read(name), re.MULTILINE)


def folder_of(name):
    return name.split("/")[1]


def test_each_folder_includes_only_those_it_may(files):
    wrong = []
    for name in files.ending(".c", ".h", below="lib/"):
        for header in our_headers(name):
            first = header.split("/")[0]
            if first in FOLDERS and first not in ALLOWED[folder_of(name)]:
                wrong.append(f"{name} includes {header}")
    assert not wrong


def test_every_folder_of_lib_has_a_rule(files):
    assert {folder_of(name) for name in files.ending(".c", ".h", below="lib/")} <= set(ALLOWED)


def test_the_core_includes_headers_of_c_only(files):
    wrong = [f"{name} includes {header}" for name in files.ending(".c", ".h", below="lib/core/")
             for header in system_headers(name) if header not in FREESTANDING]
    assert not wrong


def test_each_library_is_met_in_its_corner_alone(files):
    wrong = []
    for library, pattern, folders, most in LIBRARIES:
        users = [name for name in files.ending(".c", ".h", below="lib/") +
                 files.ending(".c", ".h", below="cmd/")
                 if any(re.fullmatch(pattern, header) for header in includes(name))]
        wrong += [f"{name} includes {library}" for name in users
                  if folder_of(name) not in folders]
        if most is not None and len(users) > most:
            wrong.append(f"{library} appears in {len(users)} files: {', '.join(users)}")
    assert not wrong


def test_headers_of_ours_are_included_by_their_full_path(files):
    """So that an include line says which folder it reaches into."""
    wrong = [f"{name} includes {header}" for name in files.ending(".c", ".h", below="lib/")
             for header in our_headers(name) if header.split("/")[0] not in FOLDERS]
    assert not wrong


def test_the_core_needs_no_symbol_but_memcpy_and_its_kin():
    """Of the plain builds: sanitizers add calls of their own."""
    archives = [path for path in glob.glob(f"{ROOT}/build*/**/liblc_core.a", recursive=True)
                if "asan" not in path]
    assert archives, "the core was not built: meson setup build/release, or tests/run"
    for archive in archives:
        listed = subprocess.run(["nm", "--format=posix", archive], capture_output=True, text=True,
                                check=True).stdout
        symbols = [line.split() for line in listed.splitlines() if len(line.split()) >= 2]
        defined = {words[0] for words in symbols if words[1] != "U"}
        needed = {words[0] for words in symbols if words[1] == "U"} - defined
        foreign = {symbol for symbol in needed if not COMPILERS_OWN.fullmatch(symbol)}
        assert defined, f"{os.path.relpath(archive, ROOT)} is empty"
        assert not foreign, f"{os.path.relpath(archive, ROOT)} needs {sorted(foreign)}"

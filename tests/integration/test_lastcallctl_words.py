# SPDX-License-Identifier: Apache-2.0
"""lastcallctl: its help, its errors, and the small subcommands."""

import json
import os
import shutil
import subprocess

import pytest

from lastcall import ROOT, binary
from lastcallctl import ctl, program


def test_help_fits_a_screen():
    done = ctl("--help")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80


def commands():
    lines = ctl("--help").stdout.splitlines()
    return [line.split()[0] for line in lines if line.startswith("  ")]


def test_every_subcommand_has_a_help_that_fits_a_screen():
    assert "check" in commands()
    for name in commands():
        done = ctl(name, "--help")
        assert done.returncode == 0 and done.stdout.startswith(f"Usage: lastcallctl {name}")
        lines = done.stdout.splitlines()
        assert len(lines) <= 24 and max(map(len, lines)) <= 80, done.stdout


def test_version_is_that_of_lastcall():
    version = ctl("--version").stdout
    assert version.startswith("lastcallctl ")
    assert ctl("--version", path=binary()).stdout == version.replace("lastcallctl", "lastcall")


@pytest.mark.parametrize("words, said", [
    ([], "Usage: lastcallctl"),
    (["chek"], "did you mean check?"),
    (["xyzzy"], "see lastcallctl --help"),
    (["check", "--platform", "mars"], "accepted: plain, kubernetes, ecs"),
    (["check", "--platform"], "found no value"),
    (["check", "--marginn=1s"], "did you mean --margin?"),
    (["schema", "x"], "accepted: no further word"),
    (["schema", "--x"], "unknown option"),
    (["install"], "accepted: one DIR"),
    (["install", "a", "b"], "accepted: one DIR"),
])
def test_words_that_it_does_not_know_end_with_125(words, said):
    done = ctl(*words)
    assert done.returncode == 125
    assert said in done.stderr and done.stdout == ""


@pytest.mark.plain
def test_the_static_release_is_smaller_than_a_megabyte():
    headers = subprocess.run(["readelf", "-lS", program()], capture_output=True, text=True,
                             check=True).stdout
    if "INTERP" in headers or ".symtab" in headers:
        pytest.skip("this build is not the static release")
    assert os.path.getsize(program()) < 1000000


def test_output_that_nobody_could_write_is_an_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([program(), "schema"], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert done.returncode == 125 and "No space left" in done.stderr


def test_schema_is_the_one_of_the_build():
    with open(os.path.join(os.path.dirname(program()), "..", "docs", "lastcall.schema.json"),
              encoding="utf-8") as file:
        built = json.load(file)
    assert json.loads(ctl("schema").stdout) == built


@pytest.fixture
def image(tmp_path):
    """A directory as an image has it: both programs side by side, and nothing else."""
    place = tmp_path / "image"
    place.mkdir()
    shutil.copy(binary(), place / "lastcall")
    shutil.copy(program(), place / "lastcallctl")
    return place


def test_install_copies_both_programs_and_leaves_nothing_else(image, tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    done = ctl("install", volume, path=image / "lastcallctl", env={"PATH": ""})
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(volume)) == ["lastcall", "lastcallctl"]
    for name in os.listdir(volume):
        assert (volume / name).read_bytes() == (image / name).read_bytes()
        assert (volume / name).stat().st_mode & 0o7777 == 0o555


def test_install_replaces_a_program_that_is_running(image, tmp_path):
    """A container that restarts runs its init containers again, over what is there and in use."""
    for _ in range(2):
        assert ctl("install", tmp_path, path=image / "lastcallctl").returncode == 0
    done = ctl("install", tmp_path, path=tmp_path / "lastcallctl")
    assert done.returncode == 0, done.stderr
    assert ctl("--version", path=tmp_path / "lastcallctl").returncode == 0


def test_install_on_a_full_disk_says_so_and_leaves_what_was(image, tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "lastcall").write_text("the old one")
    script = (f"mount -t tmpfs -o size=100k none {volume} && echo old >{volume}/lastcall && "
              f"{image}/lastcallctl install {volume}; echo $?; ls -A {volume}; cat {volume}/lastcall")
    done = ctl("--user", "--map-root-user", "--mount", "sh", "-c", script, path="/usr/bin/unshare")
    if "unshare failed" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no user namespace that may mount: " + done.stderr.strip())
    assert "No space left on device" in done.stderr
    assert done.stdout.split() == ["125", "lastcall", "old"]


@pytest.mark.parametrize("target, said", [("absent", "No such file"), ("file", "Not a directory")])
def test_install_into_what_is_no_directory_says_so(image, tmp_path, target, said):
    (tmp_path / "file").write_text("")
    done = ctl("install", tmp_path / target, path=image / "lastcallctl")
    assert done.returncode == 125 and said in done.stderr and target in done.stderr


def test_install_without_lastcall_beside_it_says_so_and_leaves_nothing(image, tmp_path):
    (image / "lastcall").unlink()
    volume = tmp_path / "volume"
    volume.mkdir()
    done = ctl("install", volume, path=image / "lastcallctl")
    assert done.returncode == 125 and "lastcall: No such file" in done.stderr
    assert os.listdir(volume) == []

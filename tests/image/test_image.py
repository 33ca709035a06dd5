# SPDX-License-Identifier: Apache-2.0
"""deploy/image: the release as it goes out, for both processors, with no docker in it."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARCHES = {"amd64": "Advanced Micro Devices X86-64", "arm64": "AArch64"}
PROGRAMS = ["lastcall", "lastcallctl"]
COMPRESSED_MAX = 1_000_000
EPOCH, REVISION = "1700000000", "0123456789abcdef0123456789abcdef01234567"
VERSION = re.search(r"^  version: '(.+)'", (ROOT / "meson.build").read_text(), re.M)[1]

# Those that ask the kernel for nothing, so that an emulated processor says something of the code and
# not of the emulator. Random lives of the core would take minutes; config_memory is for debug
# builds, since _FORTIFY_SOURCE hides vasprintf() from it.
PURE = "cidr|duration|json|signal_name|nearest|expand|config(_golden|_sources|_traffic)?|lifecycle_.*"


def build(source, output):
    done = subprocess.run([source / "deploy" / "image", "--output", output], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "REVISION": REVISION})
    assert done.returncode == 0, done.stdout + done.stderr
    return output


def copy_of_the_tree(folder):
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others",
                            "--exclude-standard"], capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    (folder / "build").mkdir()
    (folder / "build" / "sysroot-arm64").symlink_to(ROOT / "build" / "sysroot-arm64")


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("image"))


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


class Archive:
    """An OCI archive, read."""

    def __init__(self, path):
        with tarfile.open(path) as archive:
            self.files = {member.name: archive.extractfile(member).read()
                          for member in archive if member.isfile()}
        top = json.loads(self.files["index.json"])["manifests"]
        assert len(top) == 1
        self.names = top[0]["annotations"]
        self.manifests = {one["platform"]["architecture"]: self.json(one)
                          for one in self.json(top[0])["manifests"]}

    def blob(self, descriptor):
        blob = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert descriptor["digest"] == "sha256:" + hashlib.sha256(blob).hexdigest()
        assert descriptor["size"] == len(blob)
        return blob

    def json(self, descriptor):
        return json.loads(self.blob(descriptor))

    def config(self, arch):
        return self.json(self.manifests[arch]["config"])

    def layers(self, arch):
        return [self.blob(layer) for layer in self.manifests[arch]["layers"]]


@pytest.fixture(scope="session")
def archive(image):
    return Archive(image / f"lastcall-{VERSION}.tar")


def test_the_same_source_gives_the_same_bytes_in_another_folder(image, tmp_path):
    elsewhere = tmp_path / "another" / "folder-of-another-length"
    elsewhere.mkdir(parents=True)
    copy_of_the_tree(elsewhere)
    again = build(elsewhere, tmp_path / "again")
    assert digests(again) == digests(image)
    assert len(digests(image)) == 7  # two programs for each of two processors, three archives


@pytest.mark.parametrize("arch", ARCHES)
def test_compressed_it_has_1_MB_at_most(archive, arch, record_property):
    size = sum(map(len, archive.layers(arch)))
    record_property(f"figure: image for {arch}, compressed", f"{size / 1000:.0f} kB")
    assert size <= COMPRESSED_MAX


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_both_programs_are_static_and_for_their_processor(image, arch, program):
    told = subprocess.run(["readelf", "--file-header", "--program-headers", "--wide",
                           image / arch / program], capture_output=True, text=True, check=True)
    assert re.search(r"Machine: +(.+)", told.stdout)[1] == ARCHES[arch]
    assert "INTERP" not in told.stdout
    assert "DYNAMIC" not in told.stdout


@pytest.mark.parametrize("arch", ARCHES)
def test_lastcall_brings_no_resolver(image, arch):
    """It would want the libc's shared libraries from an image that has none."""
    assert b"nsswitch.conf" not in (image / arch / "lastcall").read_bytes()


@pytest.mark.parametrize("arch", ARCHES)
def test_it_holds_both_programs_and_nothing_else(archive, image, arch):
    (layer,) = archive.layers(arch)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as files:
        members = files.getmembers()
        told = [(one.name, oct(one.mode), one.uid, one.gid, str(one.mtime)) for one in members]
        assert told == [(name, "0o555", 0, 0, EPOCH) for name in PROGRAMS]
        for one in members:
            assert files.extractfile(one).read() == (image / arch / one.name).read_bytes()


@pytest.mark.parametrize("arch", ARCHES)
def test_it_runs_as_nobody_in_particular(archive, arch):
    config = archive.config(arch)["config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/lastcall"]
    assert config["ExposedPorts"] == {"9909/tcp": {}}


@pytest.mark.parametrize("arch", ARCHES)
def test_its_labels_say_what_it_is_and_from_where(archive, arch):
    labels = {key.removeprefix("org.opencontainers.image."): value
              for key, value in archive.config(arch)["config"]["Labels"].items()}
    assert set(labels) == {"title", "description", "source", "licenses", "version", "revision"}
    assert (labels["version"], labels["revision"]) == (VERSION, REVISION)
    assert labels["licenses"] == "Apache-2.0"


def test_the_dockerfile_has_the_version_of_the_source():
    assert f"\nARG VERSION={VERSION}\n" in (ROOT / "deploy" / "Dockerfile").read_text()


def test_the_index_names_both_processors_and_the_image(archive):
    assert set(archive.manifests) == set(ARCHES)
    assert archive.names == {
        "io.containerd.image.name": f"ghcr.io/lastcall-init/lastcall:{VERSION}",
        "org.opencontainers.image.ref.name": VERSION}


def test_an_unknown_processor_is_refused(tmp_path):
    done = subprocess.run([ROOT / "deploy" / "image", "--output", tmp_path, "z80"],
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "deploy/image: no such ARCH here: z80\n")


# --- arm64, emulated ---

def emulated(image, *arguments, **options):
    return subprocess.run(["qemu-aarch64-static", image / "arm64" / "lastcall", *arguments],
                          capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize("command, code", [
    (["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -KILL $$"], 137),
    (["/nonexistent"], 127), (["/"], 126)])
def test_on_arm64_it_starts_a_program_and_exits_as_that_did(image, command, code):
    done = emulated(image, "--listen", "off", "--", *command)
    assert done.returncode == code, done.stderr


def test_on_arm64_it_says_its_version(image):
    assert emulated(image, "--version").stdout.split() == ["lastcall", VERSION]


def test_on_arm64_the_pure_tests_pass(image):
    folder = ROOT / "build" / "release-arm64"
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", folder], check=True,
                                       capture_output=True).stdout)
    pure = [test for test in listed if re.fullmatch(PURE, test["name"])]
    assert len(pure) >= 15
    programs = [pathlib.Path(test["cmd"][0]).relative_to(folder) for test in pure]
    subprocess.run(["ninja", "-C", folder, *programs], check=True, capture_output=True)
    done = subprocess.run(["meson", "test", "-C", folder, "--no-rebuild", "--timeout-multiplier",
                           "10", *(test["name"] for test in pure)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

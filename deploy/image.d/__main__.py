# SPDX-License-Identifier: Apache-2.0
"""Writes the image as OCI archives (image-spec v1.1) whose bytes depend on nothing but the files.

Not `docker build`: docker's layers carry the time of the build, and an index of two processors needs
a registry, or buildx. What is in the image is said in one place, the Dockerfile's last stage.
"""

import argparse
import datetime
import hashlib
import io
import json
import os
import pathlib
import re
import shlex
import subprocess
import tarfile
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("lastcall", "lastcallctl")
OCI = "application/vnd.oci.image."


def to_json(value):
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"


def digest(blob):
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def git(*arguments):
    done = subprocess.run(["git", "-C", SOURCE, *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def version():
    return re.search(r"^  version: '(.+)'", (SOURCE / "meson.build").read_text(), re.M)[1]


def last_stage(dockerfile, arguments):
    """What the last stage's instructions make of an image's config; one not known here is an error."""
    config = {"Labels": {}, "WorkingDir": "/", "Env":
              ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}  # as docker's
    for line in re.split(r"^FROM .*$", dockerfile, flags=re.M)[-1].strip().splitlines():
        instruction, rest = line.split(" ", 1)
        rest = re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], rest)
        match instruction:
            case "LABEL":
                config["Labels"].update(word.split("=", 1) for word in shlex.split(rest))
            case "USER":
                config["User"] = rest
            case "EXPOSE":
                config["ExposedPorts"] = {f"{rest}/tcp": {}}
            case "ENTRYPOINT":
                config["Entrypoint"] = json.loads(rest)
            case "ARG" | "COPY":
                pass
            case _:
                raise SystemExit(f"deploy/image: {instruction} in the Dockerfile's last stage: how?")
    return config


def compress(data):
    """gzip's format, 4 % smaller than gzip makes it; no time and no name in it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return subprocess.run(["zopfli", "--i5", "--gzip", "-c", file.name], check=True,
                              stdout=subprocess.PIPE).stdout


def entry(name, data=None, *, mode, epoch=0):
    """A file, or a directory where there is no data."""
    info = tarfile.TarInfo(name)
    info.type = tarfile.REGTYPE if data is not None else tarfile.DIRTYPE
    info.size, info.mode, info.mtime = len(data or b""), mode, epoch
    return info, io.BytesIO(data or b"")


def write_tar(file, entries):
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for info, data in entries:
            archive.addfile(info, data)


class Image:
    """The blobs of one processor's image."""

    def __init__(self, folder, arch, config, epoch):
        layer = io.BytesIO()
        write_tar(layer, [entry(name, (folder / arch / name).read_bytes(), mode=0o555, epoch=epoch)
                          for name in PROGRAMS])
        self.platform = {"architecture": arch, "os": "linux"}
        if arch == "arm64":
            self.platform["variant"] = "v8"
        self.layer = compress(layer.getvalue())
        created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
        created = created.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.config = to_json({
            **self.platform, "created": created, "config": config,
            "rootfs": {"type": "layers", "diff_ids": [digest(layer.getvalue())]},
            "history": [{"created": created, "created_by": "deploy/image"}]})
        self.manifest = to_json({
            "schemaVersion": 2, "mediaType": f"{OCI}manifest.v1+json",
            "config": descriptor("config.v1+json", self.config),
            "layers": [descriptor("layer.v1.tar+gzip", self.layer)]})
        self.blobs = [self.config, self.layer, self.manifest]


def descriptor(kind, blob, **more):
    return {"mediaType": OCI + kind, "digest": digest(blob), "size": len(blob), **more}


def path_of(blob):
    return "blobs/" + digest(blob).replace(":", "/")


def write_archive(path, images, name, tag):
    """An OCI layout in a tar. With one image alone also as `docker save` writes it: engines before
    25 load nothing else, and have no way to choose among several."""
    manifests = [descriptor("manifest.v1+json", image.manifest, platform=image.platform)
                 for image in images]
    index = to_json({"schemaVersion": 2, "mediaType": f"{OCI}index.v1+json", "manifests": manifests})
    named = {"io.containerd.image.name": f"{name}:{tag}", "org.opencontainers.image.ref.name": tag}
    files = {path_of(blob): blob for image in images for blob in image.blobs}
    files[path_of(index)] = index
    files["oci-layout"] = to_json({"imageLayoutVersion": "1.0.0"})
    files["index.json"] = to_json({
        "schemaVersion": 2, "mediaType": f"{OCI}index.v1+json",
        "manifests": [descriptor("index.v1+json", index, annotations=named)]})
    if len(images) == 1:
        files["manifest.json"] = to_json([
            {"Config": path_of(image.config), "RepoTags": [f"{name}:{tag}"],
             "Layers": [path_of(image.layer)]} for image in images])
    folders = [entry(folder, mode=0o755) for folder in ("blobs", "blobs/sha256")]
    with open(path, "wb") as file:
        write_tar(file, folders + [entry(name, files[name], mode=0o644) for name in sorted(files)])
    print(f"{path}: {digest(index)}")


def main():
    parser = argparse.ArgumentParser(prog="deploy/image.d", description="see deploy/image --help")
    parser.add_argument("--name", required=True)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("arch", nargs="+")
    options = parser.parse_args()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or 0)
    config = last_stage((SOURCE / "deploy" / "Dockerfile").read_text(),
                        {"VERSION": version(), "REVISION": os.environ.get("REVISION") or
                         git("rev-parse", "HEAD") or "unknown"})
    images = [Image(options.folder, arch, config, epoch) for arch in options.arch]
    for arch, image in zip(options.arch, images):
        print(f"{arch}: {len(image.layer):,} bytes compressed")
        write_archive(options.folder / f"lastcall-{version()}-{arch}.tar", [image], options.name,
                      version())
    write_archive(options.folder / f"lastcall-{version()}.tar", images, options.name, version())


if __name__ == "__main__":
    main()

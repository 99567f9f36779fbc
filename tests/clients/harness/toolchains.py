"""Builds the clients with the toolchains that are here, once, into a cache keyed by what they are built from."""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil

from support_py import processes

# A cold cache over a slow network; a warm one takes no time at all.
BUILD_SECONDS = 900


class Missing(Exception):
    """A client cannot be run here, since its toolchain is missing or too old, and why. Nothing else is a reason: what a
    toolchain that is here cannot build has failed."""


class BuildFailed(Exception):
    """A toolchain is here, and what it was to build or to fetch could not be had, and why."""


def cache_directory(given=None):
    base = given or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "stele-tests")
    path = pathlib.Path(base).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def need_program(name):
    found = shutil.which(name)
    if not found:
        raise Missing(f"there is no {name}")
    return found


def need_java(version):
    need_program("java")
    said = processes.run(["java", "-version"], 60)
    found = re.search(r'version "(\d+)', said.err)
    if not found or int(found[1]) < version:
        raise Missing(f"needs Java {version}, here is: {said.err.splitlines()[:1]}")


def built(sources, cache, name, build):
    """The directory CACHE/NAME-<hash of sources>, made by build(directory) unless it is there and whole. Runs that
    share a cache wait for each other."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    path = cache / f"{name}-{digest.hexdigest()[:12]}"
    whole = path / ".whole"
    with open(cache / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
            build(path)
            whole.touch()
    return path


def _must(finished, what):
    if finished.code != 0:
        raise BuildFailed(f"{what}: {finished.explain()}")


def maven(pom, goals, cache, name, sources=()):
    """Runs Maven's `goals`, with {out} in them for the directory that is returned."""
    need_program("mvn")

    def build(out):
        words = [word.replace("{out}", str(out)) for word in goals]
        _must(processes.run(["mvn", "-q", "-B", "-f", pom, *words], BUILD_SECONDS), f"mvn {' '.join(goals)}")

    return built([pom, *sources], cache, name, build)


def python_environment(requirements, cache):
    """The python of a virtual environment with the pinned packages, from wheels only: nothing is compiled."""

    def build(out):
        _must(processes.run(["python3", "-m", "venv", out], BUILD_SECONDS), "python3 -m venv")
        _must(processes.run([out / "bin/pip", "install", "-q", "--only-binary", ":all:", "-r", requirements],
                            BUILD_SECONDS), "pip install")

    return built([requirements], cache, "python", build) / "bin/python"


def go_program(folder, cache, name, package=".", shared=()):
    """The program that a package of the Go module in `folder` makes, with the versions its go.sum pins. `shared` are the
    folders of other modules of ours that it uses."""
    need_program("go")

    def build(out):
        finished = processes.run(["go", "build", "-mod=readonly", "-o", out / name, package], BUILD_SECONDS, cwd=folder,
                                 env={"GOTOOLCHAIN": "local", "CGO_ENABLED": "0"})
        _must(finished, "go build")

    sources = [folder / "go.mod", folder / "go.sum", *sorted((folder / package).glob("*.go")),
               *(source for each in shared for source in sorted(each.glob("*.go")))]
    return built(sources, cache, name, build) / name


def need_node(version):
    need_program("npm")
    said = processes.run([need_program("node"), "--version"], 60)
    found = re.match(r"v(\d+)", said.out)
    if not found or int(found[1]) < version:
        raise Missing(f"needs Node {version}, here is: {said.out.strip()}")


def node_program(folder, cache, name, script):
    """The path of a script of `folder`, next to the packages that its package-lock.json pins."""

    def build(out):
        for source in sources:
            shutil.copy(source, out)
        _must(processes.run(["npm", "ci", "--no-audit", "--no-fund", "--omit=optional"], BUILD_SECONDS, cwd=out), "npm ci")

    sources = [folder / "package.json", folder / "package-lock.json", *sorted(folder.glob("*.mjs"))]
    return built(sources, cache, name, build) / script

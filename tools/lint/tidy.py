#!/usr/bin/env python3
"""clang-tidy over the files that changed since a commit, or over the whole tree. Remembers what was clean.

    tools/lint/tidy.py                     what differs from the main branch, or from ten commits ago on it
    tools/lint/tidy.py --since COMMIT
    tools/lint/tidy.py --all [FILE...]     every source file, or these

Needs build/dev configured. A file that was clean is not looked at again until its preprocessed text, the configuration or
clang-tidy change: they are the key of ~/.cache/stele-tests/tidy.
"""
import argparse, concurrent.futures, hashlib, json, os, pathlib, re, shlex, subprocess, sys

TIDY = "clang-tidy-19"
ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "stele-tests/tidy"

def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)

def base_commit():
    """Where this branch left main; on main itself a few commits back."""
    for main in ("origin/main", "main"):
        common = git("merge-base", main, "HEAD").stdout.strip()
        if common and common != git("rev-parse", "HEAD").stdout.strip():
            return common
    return next((c for c in ("HEAD~10", "HEAD~1", "HEAD") if git("rev-parse", "-q", "--verify", c).returncode == 0))

def changed(since, sources):
    """The sources that changed; for a header the source beside it, or else one that includes it."""
    names = git("diff", "--name-only", "--diff-filter=d", since, "--", "*.cc", "*.h").stdout.split()
    names += git("ls-files", "--others", "--exclude-standard", "*.cc", "*.h").stdout.split()
    found = set()
    for name in names:
        beside = str(pathlib.Path(name).with_suffix(".cc"))
        including = (s for s in sorted(sources) if f'#include "{name}"' in (ROOT / s).read_text())
        found.add(beside if beside in sources else next(including, None))
    return found & set(sources)

def key(entry):
    """Names what clang-tidy sees of a file. Comments are part of it (NOLINT), the place of the tree is not."""
    words = [w for w in shlex.split(entry["command"]) if "ccache" not in w]
    output = words.index("-o")
    words[output:output + 2] = []
    words[words.index("-c")] = "-E"
    text = subprocess.run([*words, "-P", "-C", f"-fmacro-prefix-map={ROOT}/="], cwd=entry["directory"], capture_output=True)
    if text.returncode != 0:
        return None  # clang-tidy will say why.
    version = subprocess.run([TIDY, "--version"], capture_output=True).stdout
    return hashlib.sha256(version + (ROOT / ".clang-tidy").read_bytes() + text.stdout).hexdigest()

def findings(name, entry, build):
    """What clang-tidy says about a file: empty when it is clean."""
    remembered = (digest := key(entry)) and CACHE / digest
    if remembered and remembered.exists():
        return ""
    said = subprocess.run([TIDY, "--quiet", "-p", build, name], cwd=ROOT, capture_output=True, text=True)
    if said.returncode == 0 and not said.stdout.strip():
        if remembered:
            remembered.touch()
        return ""
    errors = re.sub(r"^\d+ warnings?.* generated\.\n|^Suppressed .*\n|^Use -header-filter.*\n", "", said.stderr, flags=re.M)
    return said.stdout + errors or f"{name}: {TIDY} failed with {said.returncode}\n"

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--since", help="compare with this commit")
parser.add_argument("--all", nargs="*", metavar="FILE", help="the whole tree, or these files")
parser.add_argument("-p", dest="build", type=pathlib.Path, default=ROOT / "build/dev", help="a configured build directory")
chosen = parser.parse_args()
commands = {str(pathlib.Path(e["file"]).relative_to(ROOT)): e for e in json.loads((chosen.build / "compile_commands.json").read_text())
            if e["file"].endswith(".cc") and pathlib.Path(e["file"]).is_relative_to(ROOT) and "/build/" not in e["file"]}
if chosen.all is not None:
    files = set(chosen.all) & set(commands) if chosen.all else set(commands)
else:
    files = changed(chosen.since or base_commit(), commands)
CACHE.mkdir(parents=True, exist_ok=True)
bad, seen = 0, set()
with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    for done in concurrent.futures.as_completed(pool.submit(findings, f, commands[f], chosen.build) for f in sorted(files)):
        said = done.result()
        bad += bool(said)
        # A finding in a header comes with every file that includes it.
        for finding in re.split(r"(?m)^(?=\S+:\d+:\d+: (?:error|warning))", said):
            if finding and finding not in seen:
                seen.add(finding)
                print(finding, end="", flush=True)
print(f"{len(files)} files, {bad} with findings")
sys.exit(1 if bad else 0)

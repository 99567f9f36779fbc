#!/usr/bin/env python3
"""Runs what README.md tells users to paste under "Connect", block by block, as it stands but for the address.

    tests/readme_test.py --stele PATH            against a broker of its own
    tests/readme_test.py --bootstrap HOST:PORT   against one that runs (Apache Kafka, say)
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/demo"))
from broker import Broker  # noqa: E402

NEEDS = {"kcat": ["kcat"], "Python": ["python3"], "Java": ["java", "mvn"], "Go": ["go"], "Node": ["node", "npm"]}
WRITTEN = {"kcat": r"offset \d+: hello from kcat"}  # all others say `NAME wrote offset N`
LIMIT = 600  # seconds; Maven, Go and npm may have to fetch
TOO_OLD = re.compile(r"requires go >= [\d.]+.*")


def blocks() -> dict[str, str]:
    """Name of the client (the first word of the block's first line) -> what to paste."""
    section = re.search(r"^## Connect\n(.*?)^## ", (ROOT / "README.md").read_text(), re.M | re.S)[1]
    return {re.match(r"# (\w+)", text)[1]: text for text in re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)}


def run(name: str, text: str, bootstrap: str, home: pathlib.Path) -> tuple[str, str]:
    """What came of it, and why."""
    missing = [program for program in NEEDS[name] if not shutil.which(program)]
    if missing:
        return "SKIP", f"there is no {', '.join(missing)}"
    text = text.replace("127.0.0.1:9092", bootstrap).replace("/tmp/", f"{home}/")
    done = subprocess.run(["bash", "-eu", "-c", text], cwd=home, capture_output=True, text=True, timeout=LIMIT,
                          stdin=subprocess.DEVNULL, env={**os.environ, "GOTOOLCHAIN": "local"})
    if old := TOO_OLD.search(done.stderr):
        return "SKIP", old[0]
    if done.returncode == 0 and re.search(WRITTEN.get(name, rf"{name} wrote offset \d+"), done.stdout):
        return "ok", ""
    return "FAIL", f"exit code {done.returncode}\n{done.stdout}{done.stderr}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stele", type=pathlib.Path)
    parser.add_argument("--bootstrap")
    chosen = parser.parse_args()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="stele-readme-") as directory:
        home = pathlib.Path(directory)
        broker = None if chosen.bootstrap else Broker(chosen.stele, home)
        if broker:
            broker.start()
        try:
            for name, text in blocks().items():
                outcome, why = run(name, text, chosen.bootstrap or broker.listen, home)
                print(f"{outcome:<5} {name} {why}", flush=True)
                outcomes.append(outcome)
        finally:
            if broker:
                broker.stop()
        # Go keeps its module cache elsewhere, but what it unpacks here may be read-only.
        subprocess.run(["chmod", "-R", "u+w", directory], check=False)
    print(f"{outcomes.count('ok')} passed, {outcomes.count('FAIL')} failed, {outcomes.count('SKIP')} skipped")
    return 0 if "ok" in outcomes and "FAIL" not in outcomes and set(blocks()) == set(NEEDS) else 1


if __name__ == "__main__":
    sys.exit(main())

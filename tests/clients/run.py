#!/usr/bin/env python3
"""Runs real clients against Stele and against Apache Kafka, and compares what they saw.

    tests/clients/run.py --stele build/release/stele [--only NAME]... [--brokers stele,kafka]

Each client tells the same story (story.json): it makes topics, produces with every codec, reads back by offset and by
time, and so on. One line per check; whatever a client saw on Stele must be what it saw on Apache Kafka 4.3.1, except
for the differences on purpose in docs/compatibility.md (differences.py). A client whose toolchain is missing or too old
is skipped, which the end says loudly. Needs Python 3.11 and nothing else; clients and Kafka's jars are fetched with
their ordinary tools into a cache (--cache, else $XDG_CACHE_HOME/stele-tests).
"""

import argparse
import concurrent.futures
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import differences
from harness import brokers, kafka_home, processes, report, toolchains, witness
from stories import dump_log, idempotence, kafka_tools, kcat, programs

ROOT = pathlib.Path(__file__).parent.parent.parent
STORIES = [kcat.Kcat(), *programs.ALL, kafka_tools.KafkaTools(), dump_log.DumpLog(),
           idempotence.Idempotence()]


class Tools:
    """What stories build clients with. `home` is None where there is no Java: `no_home` says why."""

    def __init__(self, cache):
        self.cache = cache
        self.home = self.no_home = None
        try:
            self.home = kafka_home.KafkaHome(cache)
        except toolchains.Missing as missing:
            self.no_home = str(missing)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stele", type=pathlib.Path, default=ROOT / "build/dev/stele", help="the binary to test")
    parser.add_argument("--brokers", default="stele,kafka", help="which to run against (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=[story.name for story in STORIES], help="only this client")
    parser.add_argument("--cache", help="where built clients and Kafka's jars are kept")
    parser.add_argument("--keep", action="store_true", help="keep the directory with data, logs and observations")
    return parser.parse_args()


def compare(name, seen, known, tally):
    """One check for each observation of a story: Stele's is Kafka's, or differs by a known difference only."""
    ours, theirs = seen["stele"].seen, seen["kafka"].seen
    for what in sorted(set(ours) | set(theirs)):
        found = list(witness.differences({what: ours.get(what, "(nothing)")}, {what: theirs.get(what, "(nothing)")}))
        unknown = [each for each in found if known.name_of(each[0]) is None]
        why = "\n".join(f"{path[1:]}\n  Stele: {json.dumps(our)[:600]}\n  Kafka: {json.dumps(their)[:600]}"
                        for path, our, their in unknown)
        tally.check(f"{name}: {what}: as with Apache Kafka", not unknown, why)


def tell(story, run, running, directory, tally):
    """Runs one story on all brokers it is for, side by side. Returns the witness of each."""
    running = [broker for broker in running if broker.name in getattr(story, "brokers", ("stele", "kafka"))]

    def on(broker):
        seen = witness.Witness()
        began = time.monotonic()
        run(broker, seen)
        return seen, time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor() as pool:
        told = {broker.name: pool.submit(on, broker) for broker in running}
    seen = {}
    for broker in running:
        seen[broker.name], seconds = told[broker.name].result()
        tally.note(f"{story.name} took {seconds:.1f} s on {broker.name}")
        for name, ok, why in seen[broker.name].checks:
            tally.check(f"{story.name} on {broker.name}: {name}", ok, why)
        (directory / f"{story.name}.{broker.name}.json").write_text(json.dumps(seen[broker.name].seen, indent=1))
        if not broker.is_running():
            tally.check(f"{broker.name} still runs after {story.name}", False, broker.said())
    return seen


def start_brokers(arguments, tools, directory, tally):
    running = []
    for name in arguments.brokers.split(","):
        if name == "stele":
            running.append(brokers.Stele(arguments.stele.absolute(), directory / "stele"))
        elif tools.home:
            running.append(brokers.Kafka(tools.home, directory / "kafka"))
        else:
            tally.skip(f"the comparison with Apache Kafka {kafka_home.VERSION}", tools.no_home)
    for broker in running:
        broker.start()
        tally.note(f"{broker.name} serves on {broker.bootstrap}")
    return running


def main():
    signal.signal(signal.SIGTERM, processes.end_all_and_exit)
    arguments = parse_arguments()
    tally = report.Report()
    known = witness.KnownDifferences(differences.KNOWN, ROOT / "docs/compatibility.md")
    tools = Tools(toolchains.cache_directory(arguments.cache))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stele-clients-"))
    try:
        running = start_brokers(arguments, tools, directory, tally)
        names = {broker.name for broker in running}
        for story in STORIES:
            if arguments.only and story.name not in arguments.only:
                continue
            try:
                run = story.prepare(tools)
            except toolchains.Missing as missing:
                tally.skip(story.name, missing)
                continue
            seen = tell(story, run, running, directory, tally)
            if set(seen) == {"stele", "kafka"}:
                compare(story.name, seen, known, tally)
        for broker in running:
            if broker.is_running():
                broker.stop()
                tally.check(f"{broker.name} stops cleanly", True)
        if names == {"stele", "kafka"} and not arguments.only:
            tally.check("every known difference was met", not known.never_met(), known.never_met())
    except brokers.Failed as failed:
        tally.check("the brokers start and stop", False, failed)
    finally:
        if arguments.keep:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())

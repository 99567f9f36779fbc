#!/usr/bin/env python3
"""Runs real clients against Stele and against Apache Kafka, and compares what they saw.

    tests/clients/run.py --stele build/release/stele [--only NAME]... [--brokers stele,kafka] [--matrix]

Each client tells the same story (story.json): it makes topics, produces with every codec, reads back by offset and by
time, and so on. One line per check; whatever a client saw on Stele must be what it saw on Apache Kafka 4.3.1, except
for the differences on purpose in docs/compatibility.md (differences.py). A client whose toolchain is missing or too old
is skipped, which the end says loudly (in CI, tests/tally.py makes it a failure); one that cannot be built has failed. Needs Python 3.11 and nothing else; clients and Kafka's jars are fetched with
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
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import differences
from harness import brokers, kafka_home, report, toolchains, witness
from stories import config_requests, connect, dump_log, group_requests, group_tools, groups, idempotence, kafka_tools, kcat, programs
from support_py import processes

ROOT = pathlib.Path(__file__).parent.parent.parent
STORIES = [kcat.Kcat(), *programs.ALL, kafka_tools.KafkaTools(), dump_log.DumpLog(),
           idempotence.Idempotence(), group_requests.GroupRequests(), config_requests.ConfigRequests(), group_tools.GroupTools(), *connect.ALL,
           *groups.ALL]
# Of those that have brokers of their own and wait more than they work, besides one of the others.
SIDE_BY_SIDE = 3


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
    parser.add_argument("--only", action="append", choices=[story.name for story in STORIES], metavar="NAME",
                        help="only this story, one of: " + " ".join(story.name for story in STORIES if not getattr(
                            story, "matrix", False)))
    parser.add_argument("--matrix", action="store_true", help="what takes too long for every day: consumer groups with all that each client can")
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


def tell(run, running):
    """Runs one story on these brokers, side by side. Returns {name of the broker: (witness, seconds)}."""

    def on(broker):
        seen = witness.Witness()
        began = time.monotonic()
        try:
            run(broker, seen)
        except Exception:  # Whatever it is: the other stories still tell something.
            seen.give_up(traceback.format_exc())
        return seen, time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor(len(running) or 1) as pool:
        told = {broker.name: pool.submit(on, broker) for broker in running}
    return {name: each.result() for name, each in told.items()}


def report_on(story, told, running, directory, tally):
    """Says what was checked. Returns the witness of each broker."""
    seen = {}
    for broker in running:
        if broker.name not in told:
            continue
        seen[broker.name], seconds = told[broker.name]
        tally.note(f"{story.name} took {seconds:.1f} s on {broker.name}")
        for text in seen[broker.name].notes:
            tally.note(f"{story.name} on {broker.name}: {text}")
        for name, ok, why in seen[broker.name].checks:
            tally.check(f"{story.name} on {broker.name}: {name}", ok, why)
        (directory / f"{story.name}.{broker.name}.json").write_text(json.dumps(seen[broker.name].seen, indent=1))
        if not broker.is_running():
            tally.check(f"{broker.name} still runs after {story.name}", False, broker.said())
    return seen


def wanted(arguments):
    if arguments.only:
        return [story for story in STORIES if story.name in arguments.only]
    return [story for story in STORIES if arguments.matrix == getattr(story, "matrix", False)]


def prepared(stories, tools, running, tally):
    """(story, its run, its brokers) for each that can be told here."""
    for story in stories:
        try:
            run = story.prepare(tools)
        except toolchains.Missing as missing:
            tally.skip(story.name, missing)
            continue
        except toolchains.BuildFailed as failed:
            tally.check(f"{story.name}: its client is built", False, failed)
            continue
        yield story, run, [broker for broker in running if broker.name in getattr(story, "brokers", ("stele", "kafka"))]


def tell_all(stories):
    """Yields (story, what tell() says). Those that share brokers are told one by one, and beside them some of those that
    have their own and wait more than they work."""
    with concurrent.futures.ThreadPoolExecutor(1) as one_by_one, \
            concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        told = []
        for story, run, its_brokers in stories:
            pool = side_by_side if getattr(story, "side_by_side", False) else one_by_one
            told.append((story, pool.submit(tell, run, its_brokers)))
        for story, each in told:
            yield story, each.result()


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
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stele-clients-"))
    try:
        tools = Tools(toolchains.cache_directory(arguments.cache))
        running = start_brokers(arguments, tools, directory, tally)
        names = {broker.name for broker in running}
        for story, told in tell_all(prepared(wanted(arguments), tools, running, tally)):
            seen = report_on(story, told, running, directory, tally)
            if set(seen) == {"stele", "kafka"} and not any(each.gave_up for each in seen.values()):
                compare(story.name, seen, known, tally)
        for broker in running:
            if broker.is_running():
                broker.stop()
                tally.check(f"{broker.name} stops cleanly", True)
        if names == {"stele", "kafka"} and not arguments.only and not arguments.matrix:
            tally.check("every known difference was met", not known.never_met(), known.never_met())
    except brokers.Failed as failed:
        tally.check("the brokers start and stop", False, failed)
    except toolchains.BuildFailed as failed:
        tally.check("Apache Kafka's jars are there", False, failed)
    finally:
        if arguments.keep:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())

"""The main job, shown: produce a year of flight departures, kill the broker half way, read everything back and check it.

Run by tools/demo, which prepares what this needs. See there for the options.
"""
import argparse
import contextlib
import datetime
import pathlib
import shutil
import sys
import tempfile
import time
import uuid

import checks
import clients
import flights
import group
from broker import Broker
from progress import Progress

PARTITIONS = 6
# The point in time that is read from; with the months before and after it are asked for, it is not.
SINCE = datetime.datetime(2013, 7, 4, tzinfo=flights.NEW_YORK)
MONTHS = [datetime.datetime(2013 + m // 12, m % 12 + 1, 1, tzinfo=flights.NEW_YORK) for m in range(-1, 13)]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, metavar="N", help="only N departures, evenly spread over the year")
    parser.add_argument("--file-order", action="store_true",
                        help="produce in the file's order, where the months are shuffled, instead of by time")
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="use this running broker and kill nothing")
    parser.add_argument("--keep", action="store_true", help="keep the broker's data directory and say where it is")
    parser.add_argument("--binary", type=pathlib.Path, help="the broker to start (default: build/release/stele)")
    parser.add_argument("--archive", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.limit is not None and chosen.limit < 2:
        parser.error("--limit: at least 2")
    if not chosen.bootstrap and not chosen.binary:
        parser.error("--binary or --bootstrap is needed")
    return chosen


def milliseconds(when: datetime.datetime) -> int:
    return int(when.timestamp()) * 1000


def produce(bootstrap: str, topic: str, events: list[flights.Event], broker: Broker | None) -> checks.Produced:
    """With a broker of our own it is killed when half of the events are acknowledged, and started again."""
    progress = Progress("produced", len(events))
    half, killed = len(events) // 2, False

    def on_ack(acked: int) -> None:
        nonlocal killed
        if broker and acked >= half and not killed:
            killed = True
            broker.kill()
            progress.line(f"kill -9    {acked:>9,} acknowledged; starting the broker again")
            progress.line(f"           ready after {broker.start():.2f} s; the producer goes on")
        progress.show(acked)

    clients.create_topic(bootstrap, topic, PARTITIONS)
    produced = clients.produce(bootstrap, topic, events, on_ack)
    progress.end(len(produced.acked))
    if broker and not killed:
        produced.failed.append("the broker was not killed half way")
    return produced


def read_and_check(bootstrap: str, topic: str, events: list[flights.Event],
                   produced: checks.Produced) -> tuple[list[checks.Read], checks.Findings]:
    with contextlib.closing(clients.Reader(bootstrap, topic)) as reader:
        progress = Progress("read", reader.count())
        read = reader.from_beginning(progress.show)
        progress.end(len(read))

        since = milliseconds(SINCE)
        start = reader.offsets_at(since)
        progress = Progress(f"since {SINCE:%b %d}", sum(event.timestamp >= since for event in events))
        later = reader.from_offsets({p: at[0] for p, at in start.items() if at}, progress.show)
        progress.end(len(later))

        moments = [since] + [milliseconds(month) for month in MONTHS]
        findings = checks.check_all(events, produced, read)
        findings["wrong offsets for a time"] = [
            case for at in moments for case in checks.check_offsets_at(read, at, reader.offsets_at(at))]
        findings[f"wrong from {SINCE:%d %B} on"] = checks.check_from(read, since, later)
    print(f"\n{len(produced.acked):>10,}  acknowledged\n{len(read):>10,}  read from the beginning"
          f"\n{len(later):>10,}  read from {SINCE:%d %B %Y}, 00:00 in New York, on\n", flush=True)
    return read, findings


def report(findings: checks.Findings) -> bool:
    for what, cases in findings.items():
        print(f"{len(cases):>10,}  {what}")
    for what, cases in findings.items():
        for case in cases[:5]:
            print(f"{what}: {case}", file=sys.stderr)
    return not any(findings.values())


def run(chosen: argparse.Namespace, directory: pathlib.Path) -> bool:
    started = time.monotonic()
    events = flights.events(chosen.archive, chosen.limit, chosen.file_order)
    print(f"{len(events):>10,}  departures from New York City in 2013, {len({e.key for e in events if e.key}):,} planes, "
          f"{sum(e.key is None for e in events):,} without a tail number, {sum(len(e.value) for e in events) / 1e6:.0f} MB of JSON")
    with contextlib.ExitStack() as stack:
        broker, bootstrap = None, chosen.bootstrap
        if not bootstrap:
            broker = Broker(chosen.binary, directory)
            stack.callback(broker.kill)
            broker.start()
            bootstrap = broker.listen
        topic = f"departures-{uuid.uuid4().hex[:8]}" if chosen.bootstrap else "departures"
        print(f"            topic {topic}, {PARTITIONS} partitions, retention.ms=-1, at {bootstrap}\n", flush=True)
        produced = produce(bootstrap, topic, events, broker)
        read, findings = read_and_check(bootstrap, topic, events, produced)
        findings |= group.run(bootstrap, topic, read, milliseconds(SINCE), broker)
        print()
        if broker:
            code = broker.stop()
            findings["unclean stops"] = [f"exit code {code} after SIGTERM"] if code else []
    good = report(findings)
    print(f"\n{'all of it holds' if good else 'FAILED'}, {time.monotonic() - started:.0f} s", flush=True)
    return good


def main() -> int:
    chosen = options()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stele-demo-"))
    good = False
    try:
        good = run(chosen, directory)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    finally:
        if chosen.keep or not good and not chosen.bootstrap:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

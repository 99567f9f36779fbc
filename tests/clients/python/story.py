"""The story of ../story.json as the Python clients tell it: one JSON line on standard output for each thing seen and
each check made. A client stands behind an adapter; its methods answer with what the story compares, or raise Refused.

    {"saw": NAME, "what": ANYTHING}     must be the same on every broker
    {"check": NAME, "ok": BOOL, "why": TEXT}
"""

import json
import pathlib
import random
import sys
import time
import traceback

STORY = json.loads((pathlib.Path(__file__).parent.parent / "story.json").read_text())


class Refused(Exception):
    """The client or the broker said no. `args[0]` is the name of the error."""


def saw(name, what):
    print(json.dumps({"saw": name, "what": what}), flush=True)


def check(name, ok, why=""):
    print(json.dumps({"check": name, "ok": bool(ok), "why": "" if ok else str(why)[:2000]}), flush=True)


def said(action, *arguments, **named):
    """What an action answers: "ok" if nothing, or the name of the error."""
    try:
        answer = action(*arguments, **named)
        return "ok" if answer is None else answer
    except Refused as refused:
        return refused.args[0]


def _bytes(pair):
    return None if pair is None else (pair[0] * pair[1]).encode()


def records(client):
    """(key, value, headers, timestamp) of each record of the story, as far as the client can send it."""
    told = [(_bytes(r["key"]), _bytes(r["value"]), [(name, _bytes(value)) for name, value in r["headers"]],
             STORY["first_timestamp"] + i * STORY["timestamp_step"]) for i, r in enumerate(STORY["records"])]
    return client.sendable(told)


def random_bytes(count):
    """That no codec makes smaller; the same in each run."""
    return random.Random(count).randbytes(count)


def _described(client, topic, partitions):
    """A topic's description once it has that many partitions (0: is unknown), or the last one before the time is up: a
    broker answers when it has decided, and the next question may come before it has acted."""
    deadline = time.monotonic() + 10
    while True:
        described = said(client.describe, topic)
        there = len(described[-1]) if isinstance(described, list) else 0
        if there == partitions or time.monotonic() > deadline:
            return described
        time.sleep(0.02)


def _create(client, topic):
    saw("cluster", client.cluster())
    for name, wanted in STORY["topics"].items():
        saw(f"create {name}", said(client.create, topic(name), wanted["partitions"], 1, wanted["configs"]))
    for why, wanted in STORY["refused"].items():
        saw(f"create {why}", said(client.create, topic(wanted["name"]), wanted["partitions"], wanted["replicas"],
                                  wanted["configs"]))
    for name, wanted in STORY["topics"].items():
        saw(f"describe {name}", _described(client, topic(name), wanted["partitions"]))
        saw(f"configs of {name}", said(client.configs, topic(name)))


def _every_codec(client, topic):
    sent = records(client)
    for partition, codec in enumerate(STORY["codecs"]):
        saw(f"produce {codec}", said(client.produce, topic("codecs"), partition, sent, codec=codec))
        got = said(client.fetch, topic("codecs"), partition, 0, len(sent))
        saw(f"fetch {codec}", [place for place, _ in got] if isinstance(got, list) else got)
        check(f"{codec} reads back as it was sent",
              isinstance(got, list) and [content for _, content in got] == [record[:3] for record in sent], got)
    saw("produce to be recompressed", said(client.produce, topic("recompressed"), 0, sent, codec="gzip"))
    got = said(client.fetch, topic("recompressed"), 0, 0, len(sent))
    check("recompressed reads back as it was sent",
          isinstance(got, list) and [content for _, content in got] == [record[:3] for record in sent], got)


def _places(client, topic):
    name, count = topic("codecs"), len(records(client))
    for offset in (3, count - 1):
        got = said(client.fetch, name, 1, offset, count - offset)
        saw(f"fetch from offset {offset}", [place for place, _ in got] if isinstance(got, list) else got)
    saw("fetch past the end", said(client.fetch, name, 1, 1000, 1))
    first, step = STORY["first_timestamp"], STORY["timestamp_step"]
    for what, when in (("before all", 0), ("of the first", first), ("between two", first + 2 * step + 1),
                       ("of the last", first + (count - 1) * step), ("after all", first + count * step)):
        saw(f"offset at the time {what}", said(client.offset_at, name, 2, when))
    for partition in (0, 2):
        saw(f"earliest and latest of {partition}", said(client.ends, name, partition))
    saw("offset of the greatest timestamp", said(client.greatest_timestamp, name, 2))


def _sizes_and_times(client, topic):
    large = random_bytes(STORY["large_bytes"])
    first = STORY["first_timestamp"]
    saw("produce a large record", said(client.produce, topic("codecs"), 0, [(b"large", large, [], first)]))
    got = said(client.fetch, topic("codecs"), 0, len(records(client)), 1)
    check("a large record reads back", isinstance(got, list) and got[0][1][1] == large, str(got)[:200])
    saw("produce a record too large", said(client.produce, topic("codecs"), 0,
                                           [(None, random_bytes(STORY["too_large_bytes"]), [], first)]))
    saw("latest after it", said(client.ends, topic("codecs"), 0))

    before = int(time.time() * 1000)
    produced = said(client.produce, topic("appended"), 0, [(b"k", b"v", [], first)])
    got = said(client.fetch, topic("appended"), 0, 0, 1)
    after = int(time.time() * 1000)
    offset, timestamp, kind = got[0][0][:3]
    saw("log append time", [produced[0][0], offset, kind])
    check("log append time is the time of the append, in the answer and in the log",
          before <= timestamp <= after and produced[0][1] == timestamp, [before, produced, timestamp, after])

    saw("produce without a key to a compacted topic", said(client.produce, topic("compacted"), 0,
                                                           [(None, b"v", [], first)]))
    for acks in ("0", "1", "all"):
        saw(f"produce with acks={acks}", said(client.produce, topic("deleted"), 0, [(b"k", acks.encode(), [], first)],
                                              acks=acks))
        # Unacknowledged: reading it back is how one learns that it came.
        saw(f"fetch what acks={acks} sent", [place for place, _ in client.fetch(
            topic("deleted"), 0, ("0", "1", "all").index(acks), 1)])


def _unknown_and_delete(client, topic):
    saw("describe an unknown topic", said(client.describe, topic("unknown")))
    saw("configs of an unknown topic", said(client.configs, topic("unknown")))
    saw("ends of an unknown topic", said(client.ends, topic("nowhere"), 0))
    saw("ends of an unknown partition", said(client.ends, topic("codecs"), 17))
    saw("delete an unknown topic", said(client.delete, topic("unknown")))
    saw("add partitions to an unknown topic", said(client.add_partitions, topic("unknown"), 3))
    saw("add partitions", said(client.add_partitions, topic("deleted"), 4))
    saw("describe after adding", _described(client, topic("deleted"), 4))
    saw("add no partition", said(client.add_partitions, topic("deleted"), 4))
    saw("take partitions away", said(client.add_partitions, topic("deleted"), 2))
    saw("produce to an added partition", said(client.produce, topic("deleted"), 3, [(b"k", b"v", [],
                                                                                     STORY["first_timestamp"])]))
    saw("delete", said(client.delete, topic("deleted")))
    saw("describe what was deleted", _described(client, topic("deleted"), 0))
    saw("delete it again", said(client.delete, topic("deleted")))


def tell(make_client):
    """Runs the story: ADDRESS and the prefix of its topics are on the command line."""
    bootstrap, prefix = sys.argv[1:3]
    client = make_client(bootstrap)

    def topic(name):
        return f"{prefix}-{name}"

    for chapter in (_create, _every_codec, _places, _sizes_and_times, _unknown_and_delete):
        try:
            chapter(client, topic)
        except Exception:  # Whatever a client throws: the chapter failed, the next ones still tell something.
            check(f"{chapter.__name__.strip('_')} without a crash", False, traceback.format_exc())
    client.close()

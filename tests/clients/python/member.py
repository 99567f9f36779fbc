"""A member of a consumer group, as the Python clients play it: BOOTSTRAP GROUP TOPIC NAME=VALUE... on the command line,
one JSON line on standard output for each event (harness/group.py says which), SIGTERM to leave. The options:

    name       the client id
    assignor   range, roundrobin, sticky or cooperative-sticky; without it the client's own default
    commit     before: each batch is committed before it counts as processed, so nothing is processed twice
               after: the other way round, so nothing is left out
               auto: the client commits by itself
    instance   the instance id of a static member
    session    the session timeout in ms
"""

import json
import signal
import sys

HEARTBEAT_MS = 500  # Members learn of a rebalance by it: stories wait for that.
AUTO_COMMIT_MS = 500
MOST_RECORDS = 50  # Of one batch.


class Refused(Exception):
    """The commit was not taken. `args[0]` says why."""


def emit(**event):
    print(json.dumps(event), flush=True)


class Options:
    def __init__(self):
        self.bootstrap, self.group, self.topic = sys.argv[1:4]
        given = dict(word.split("=", 1) for word in sys.argv[4:])
        self.name = given["name"]
        self.session = int(given["session"])
        self.assignor = given.get("assignor")
        self.commit = given.get("commit", "before")
        self.instance = given.get("instance")


class Stop:
    """Turns true on SIGTERM. Thread: the main one."""

    def __init__(self):
        self._asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_signal):
        self._asked = True

    def __bool__(self):
        return self._asked


def offsets_after(records):
    """What to commit: {partition: the offset after the last record}."""
    return {partition: offset + 1 for partition, offset, _value in records}


def first_offsets(records):
    """Where to read again what could not be committed."""
    return {partition: offset for partition, offset, _value in reversed(records)}


def processed(records):
    emit(processed=[[partition, offset] for partition, offset, _value in records])


def commit(client, records):
    """Whether it was taken."""
    offsets = offsets_after(records)
    try:
        client.commit(offsets)
    except Refused as refused:
        emit(refused=refused.args[0])
        return False
    emit(committed=offsets)
    return True


def work(client, options):
    """`client` has poll() -> [(partition, offset, value)], commit({partition: offset}), rewind({partition: offset}) and
    close(). What poll() gives must still be the member's own while the member works on it."""
    stop = Stop()
    while not stop:
        records = client.poll()
        if not records:
            continue
        emit(read=records)
        if options.commit == "before" and not commit(client, records):
            client.rewind(first_offsets(records))
            continue
        processed(records)
        if options.commit == "after":
            commit(client, records)
    client.close()
    emit(left=True)

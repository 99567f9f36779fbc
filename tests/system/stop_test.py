#!/usr/bin/env python3
"""How the broker stops, and what it finds at the next start."""

import os
import pathlib
import random
import signal
import threading

import broker
from broker import SystemTest, wait_until
from support_py import wire

KILLS = int(os.environ.get("TEST_KILLS", "20"))
CLEAN_MARKER = ".stele_cleanshutdown"
COULD_NOT_START = 1


class Stop(SystemTest):
    def test_sigterm_answers_what_was_begun_and_leaves_the_marker(self):
        trace = self.directory / "trace"
        # Every sync takes a while, so that a produce is in flight when the signal comes.
        slow = ("strace", "-f", "-o", str(trace), "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=300000")
        with self.broker(before=slow) as stele, wire.Connection(stele.address) as client, wire.Connection(stele.address) as idle:
            client.create_topic("t")
            client.produce("t", wire.batch([b"first"]))
            syncs = trace.read_text().count("fdatasync(")
            client.send(wire.produce_request("t", wire.batch([b"in flight"])))
            wait_until("the produce is being synced", lambda: trace.read_text().count("fdatasync(") > syncs)
            stele.signal(signal.SIGTERM)
            self.assertEqual(wire.produce_outcome(client.receive()), (wire.NONE, 1))
            self.assertTrue(client.is_closed())
            self.assertTrue(idle.is_closed())
            self.assertEqual(stele.wait(), 0, stele.everything_said())
        self.assertTrue((stele.data / CLEAN_MARKER).exists())
        with self.broker() as again, wire.Connection(again.address) as client:
            self.assertFalse((again.data / CLEAN_MARKER).exists())
            self.assertEqual(again.lines("cut"), [])
            self.assertEqual([value for _, value in client.read_all("t")], [b"first", b"in flight"])
            self.assertEqual(again.stop(), 0)
        self.assertTrue((again.data / CLEAN_MARKER).exists())

    def test_a_long_poll_does_not_hold_the_stop(self):
        with self.broker("--set", "shutdown.timeout.ms=1000") as stele, wire.Connection(stele.address) as client:
            client.create_topic("t")
            client.send(wire.fetch_request("t", 0, max_wait_ms=600_000))
            with wire.Connection(stele.address) as other:
                other.ask(wire.metadata_request())
            self.assertEqual(stele.stop(), 0)

    def test_killed_under_load_nothing_acknowledged_is_lost(self):
        chance = random.Random(int(os.environ.get("TEST_SEED", "3")))
        writers = [Writer(f"t{i}") for i in range(4)]
        stele = self.broker()
        with stele:
            with wire.Connection(stele.address) as client:
                for writer in writers:
                    client.create_topic(writer.topic)
            for kill in range(KILLS):
                threads = [threading.Thread(target=writer.write, args=(stele.address,)) for writer in writers]
                goal = sum(len(writer.acknowledged) for writer in writers) + chance.randrange(1, 400)
                for thread in threads:
                    thread.start()
                wait_until("some records are acknowledged",
                           lambda: sum(len(writer.acknowledged) for writer in writers) >= goal or any(
                               writer.failure for writer in writers))
                for writer in writers:
                    writer.may_be_cut_off = True
                stele.kill()
                for thread in threads:
                    thread.join()
                self.assertEqual([writer.failure for writer in writers if writer.failure], [], stele.everything_said())
                stele.start()
                with wire.Connection(stele.address) as client:
                    for writer in writers:
                        with self.subTest(kill=kill, topic=writer.topic):
                            writer.check(self, [value for _, value in client.read_all(writer.topic)])
            total = sum(len(writer.acknowledged) for writer in writers)
            print(f"\n{KILLS} kills, {total} records acknowledged, all there")


class Writer:
    """Writes numbered records to a topic, five requests in flight, and remembers which were acknowledged. It ends when the
    broker is gone; whatever else ends it is its `failure`."""

    def __init__(self, topic):
        self.topic, self.acknowledged, self._sent = topic, [], 0
        self.failure, self.may_be_cut_off = None, False

    def write(self, address):
        in_flight = []
        self.may_be_cut_off = False
        try:
            with wire.Connection(address) as client:
                while True:
                    while len(in_flight) < 5:
                        value = b"%s %d" % (self.topic.encode(), self._sent)
                        self._sent += 1
                        client.send(wire.produce_request(self.topic, wire.batch([value])))
                        in_flight.append(value)
                    error, _ = wire.produce_outcome(client.receive())
                    if error:
                        raise AssertionError(f"produce answered error {error}")
                    self.acknowledged.append(in_flight.pop(0))
        except wire.Closed as closed:
            if not self.may_be_cut_off:
                self.failure = f"{self.topic}: cut off by a broker that nobody has killed: {closed}"
        except Exception as problem:  # Whatever it is, the test's thread tells it.
            self.failure = f"{self.topic}: {problem!r}"

    def check(self, test, found):
        test.assertEqual(len(found), len(set(found)), "a record is there twice")
        numbers = [int(value.split()[1]) for value in found]
        test.assertEqual(numbers, sorted(numbers), "records changed places")
        test.assertEqual(set(self.acknowledged) - set(found), set(), "an acknowledged record is gone")


class Refusals(SystemTest):
    def refused(self, data, listen="127.0.0.1:0"):
        """The one line that says why the broker did not start."""
        second = broker.Broker(data)
        second.launch(listen)
        try:
            code = second.wait()
            self.assertEqual(code, COULD_NOT_START, second.everything_said())
            line = second.wait_for_line("could not start")
            self.assertEqual(len(second.lines()), 1, second.everything_said())
            return line
        finally:
            second.kill()

    def test_a_directory_in_use(self):
        with self.broker() as stele:
            line = self.refused(stele.data)
            self.assertIn(str(stele.pid()), line)
            self.assertIn("another data directory", line)
            with wire.Connection(stele.address) as client:
                client.ask(wire.metadata_request())

    def test_a_port_in_use(self):
        with self.broker() as stele:
            line = self.refused(self.directory / "other", f"127.0.0.1:{stele.address[1]}")
            self.assertIn(f"process {stele.pid()} (stele", line)
            self.assertIn("another port", line)

    def test_foreign_and_newer_directories_stay_as_they_are(self):
        foreign = self.directory / "foreign"
        foreign.mkdir()
        (foreign / "letters.txt").write_text("dear all")
        kafka = self.directory / "kafka"
        (kafka / "t-0").mkdir(parents=True)
        (kafka / "meta.properties").write_text("version=1\nnode.id=1\n")
        with self.broker() as stele:
            stele.stop()
        newer = stele.data
        format_file = newer / "stele.format"
        text = format_file.read_text()
        self.assertIn("1", text)
        format_file.write_text(text.replace("1", "2"))
        for directory, reason in ((foreign, "not a Stele data directory"), (kafka, "Kafka"), (newer, "format")):
            with self.subTest(directory=directory.name):
                before = contents(directory)
                self.assertIn(reason, self.refused(directory))
                after = contents(directory)
                # The lock file is nobody's data.
                after.pop(".lock", None)
                before.pop(".lock", None)
                self.assertEqual(after, before)


def contents(directory):
    return {str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None
            for path in sorted(pathlib.Path(directory).rglob("*"))}


if __name__ == "__main__":
    broker.main()

#!/usr/bin/env python3
"""Crowds of hostile clients stay inside the memory budget while another client goes on working."""

import struct
import threading
import time

import broker
from broker import PeakMemory, SystemTest
from support_py import wire

MIB = 1 << 20
BUDGET = 128 * MIB
# Beyond request.memory.bytes: 32 MiB of kept receive buffers, 64 MiB of answers that nobody takes, one request that may
# overdraw, and the program itself.
BEYOND_BUDGET = 160 * MIB
CROWD = 1000
# How long the client that behaves may wait for one answer: long enough for a busy machine, short enough that a stall fails.
PATIENCE = 8


class Bystander:
    """A client that goes on working while the context lasts, and how it fared."""

    def __init__(self, address):
        self._client = wire.Connection(address, PATIENCE)
        self._done = threading.Event()
        self.rounds, self.failure = 0, None

    def __enter__(self):
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def _work(self):
        try:
            while not self._done.is_set():
                error, offset = self._client.produce("bystander", wire.batch([b"x" * 500]))
                fetched = self._client.fetch("bystander", offset)
                if error or fetched[0] or not fetched[2]:
                    raise AssertionError(f"errors {error}, {fetched[0]}, {len(fetched[2])} bytes")
                self.rounds += 1
        except Exception as problem:  # Whatever it is, the test's thread tells it.
            self.failure = repr(problem)

    def wait_for_rounds(self, count):
        goal = self.rounds + count
        broker.wait_until("the client goes on", lambda: self.failure or self.rounds >= goal, 60)

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self._client.close()


class Memory(SystemTest):
    def crowd(self, name, attack, size=CROWD, **client):
        """`attack(client, i)` on each of a crowd of connections that stay open while the bystander works."""
        with self.broker("--set", f"request.memory.bytes={BUDGET}") as stele:
            with wire.Connection(stele.address) as first:
                first.create_topic("bystander")
                first.create_topic("log")
                for _ in range(4):
                    first.produce("log", wire.batch([bytes(100_000)] * 9))
            clients = []
            try:
                with Bystander(stele.address) as bystander, PeakMemory(stele) as peak:
                    began = time.monotonic()
                    for i in range(size):
                        clients.append(wire.Connection(stele.address, **client))
                        attack(clients[-1], i)
                    bystander.wait_for_rounds(100)
                    took = time.monotonic() - began
                    self.assertIsNone(bystander.failure, stele.everything_said())
            finally:
                for one in clients:
                    one.close()
            print(f"\n{name}: peak {peak.bytes / MIB:.0f} MiB private, {bystander.rounds} rounds in {took:.1f} s")
            self.assertLess(peak.bytes, BUDGET + BEYOND_BUDGET, stele.everything_said())

    def test_announcements_of_100_mb(self):
        self.crowd("announced", lambda client, _: client.send(struct.pack(">i", 100 << 20)))

    def test_half_sent_large_frames(self):
        half = struct.pack(">i", 100 << 20) + bytes(2 * MIB)
        self.crowd("half of a large one", lambda client, _: client.send_what_fits(half))

    def test_half_sent_usual_frames(self):
        half = struct.pack(">i", 1 << 20) + bytes(700_000)
        self.crowd("half of a usual one", lambda client, _: client.send_what_fits(half))

    def test_half_sent_small_frames(self):
        half = struct.pack(">i", 60_000) + bytes(40_000)
        self.crowd("half of a small one", lambda client, _: client.send_what_fits(half))

    def test_answers_that_are_never_read(self):
        fetches = b"".join(wire.fetch_request("log", 0, MIB) + wire.metadata_request() for _ in range(50))
        self.crowd("never reads", lambda client, _: client.send_what_fits(fetches), receive_buffer=4096)

    def test_decompression_bombs(self):
        # Far beyond 100:1, at most 1 MiB on the wire.
        bomb = wire.produce_request("log", wire.batch([bytes(80 * MIB)], codec=wire.GZIP))
        self.assertGreater(80 * MIB / len(bomb), 100)
        self.crowd("bombs", lambda client, _: client.send(bomb), size=50)

    def test_bombs_that_are_to_be_rebuilt(self):
        bomb = wire.produce_request("rebuilt", wire.batch([bytes(80 * MIB)], codec=wire.GZIP))

        def attack(client, i):
            if i == 0:
                client.create_topic("rebuilt", configs=[("compression.type", "zstd")])
            client.send(bomb)
            if i == 9:
                self.assertEqual(wire.produce_outcome(client.receive())[0], wire.NONE)

        self.crowd("bombs that are rebuilt", attack, size=10)

    def test_bombs_that_are_searched_by_time(self):
        bomb = wire.batch([bytes(80 * MIB), b"later"], codec=wire.GZIP, step=1)

        def attack(client, i):
            if i == 0:
                client.create_topic("searched")
                self.assertEqual(client.produce("searched", bomb)[0], wire.NONE)
            client.send(wire.list_offsets_request("searched", 2))  # The later one is it.
            if i == 19:
                self.assertEqual(struct.unpack(">hqq", client.receive()[-18:]), (wire.NONE, 2, 1))

        self.crowd("bombs that are searched", attack, size=20)

    def test_lists_that_grow_in_memory(self):
        # The smallest topics there are, as many as a frame of 1 MiB holds.
        count = MIB // 6
        topics = struct.pack(">hhii", -1, -1, 1000, count) + (wire.string("") + struct.pack(">i", 0)) * count
        dense = wire.request(wire.PRODUCE, 7, topics)
        self.crowd("dense lists", lambda client, _: client.send(dense), size=100)

    def test_a_topic_that_is_named_often(self):
        names = struct.pack(">i", 100_000) + wire.string("wide") * 100_000
        often = wire.request(wire.METADATA, 1, names)

        def attack(client, i):
            if i == 0:
                self.assertEqual(client.create_topic("wide", partitions=50), wire.NONE)
            client.send(often)

        self.crowd("one topic, named often", attack, size=10)


if __name__ == "__main__":
    broker.main()

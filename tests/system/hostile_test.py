#!/usr/bin/env python3
"""Nonsense closes the connection it came on, with one rate-limited line, and harms nobody else."""

import collections
import os
import random
import struct

import broker
from broker import SystemTest
from support_py import wire

NO_SUCH_API = wire.request(4711, 0, b"")
OLD_PRODUCE = wire.request(wire.PRODUCE, 2, b"\0" * 20)
NEW_METADATA = wire.request(wire.METADATA, 99, b"\0" * 20)
NONSENSE = {
    "a negative length": struct.pack(">i", -1),
    "the most negative length": struct.pack(">i", -2**31),
    "a length above socket.request.max.bytes": struct.pack(">i", 104_857_601),
    "the largest length": struct.pack(">i", 2**31 - 1),
    "an empty frame": wire.framed(b""),
    "a header cut short": wire.framed(b"\0\x12\0"),
    "a client id beyond the frame": wire.framed(struct.pack(">hhih", 18, 0, 1, 32000) + b"x"),
    "an unknown API": NO_SUCH_API,
    "a negative API": wire.request(-1, 0, b""),
    "a version below those served": OLD_PRODUCE,
    "a version above those served": NEW_METADATA,
    "a negative version": wire.request(wire.METADATA, -1, b""),
    "a count beyond the frame": wire.request(wire.METADATA, 1, struct.pack(">i", 2**31 - 1)),
    "a negative count": wire.request(wire.PRODUCE, 7, struct.pack(">hhii", -1, -1, 1000, -7)),
    "bytes left over": wire.request(wire.METADATA, 1, struct.pack(">i", 0) + b"left over"),
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
}
APIS = (0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 23, 32, 37, 42, 47, 60, 75)
KNOWN_ID = 0x5EED


class Hostile(SystemTest):
    def test_each_kind_closes_its_connection_with_one_line(self):
        for kind, nonsense in NONSENSE.items():
            with self.subTest(kind), self.broker() as stele:
                with wire.Connection(stele.address) as bystander, wire.Connection(stele.address) as hostile:
                    self.assertEqual(bystander.produce_or_create("t"), wire.NONE)
                    hostile.send(nonsense)
                    self.assertTrue(hostile.is_closed())
                    self.assertEqual(bystander.produce_or_create("t"), wire.NONE)
                    self.assertEqual(len(stele.lines("closing the connection")), 1, stele.everything_said())

    def test_what_came_before_is_answered(self):
        with self.broker() as stele, wire.Connection(stele.address) as client:
            client.create_topic("t")
            client.send(wire.produce_request("t", wire.batch([b"before"])) + struct.pack(">i", -1))
            self.assertEqual(wire.produce_outcome(client.receive())[0], wire.NONE)
            self.assertTrue(client.is_closed())

    def test_a_thousand_of_them_write_few_lines(self):
        with self.broker() as stele:
            for _ in range(1000):
                with wire.Connection(stele.address) as hostile:
                    hostile.send(NO_SUCH_API)
                    self.assertTrue(hostile.is_closed())
            # Five in ten seconds; a slow machine may need several tens.
            self.assertLess(len(stele.lines("closing the connection")), 100)
            with wire.Connection(stele.address) as client:
                client.ask(wire.metadata_request())

    def test_unknown_api_versions_is_answered_in_the_oldest_form(self):
        with self.broker() as stele, wire.Connection(stele.address) as client:
            for version in (5, 99, 32767):
                answer = client.ask(wire.request(wire.API_VERSIONS, version, os.urandom(30)))
                error, count = struct.unpack_from(">hi", answer)
                self.assertEqual(error, wire.UNSUPPORTED_VERSION)
                # Which versions there are: the client asks again with one of them.
                apis = {struct.unpack_from(">hhh", answer, 6 + 6 * i) for i in range(count)}
                self.assertIn(wire.API_VERSIONS, {key for key, _, _ in apis})
                self.assertEqual(len(answer), 6 + 6 * count)
            answer = client.ask(wire.request(wire.API_VERSIONS, 0, b""))
            self.assertEqual(struct.unpack_from(">h", answer)[0], wire.NONE)

    def test_any_bytes_at_all(self):
        # Random bodies under real headers, as a fuzzer would send them: each is answered or closes its connection, and
        # a client beside them goes on.
        dice = random.Random(4711)
        outcomes = collections.Counter()
        with self.broker() as stele, wire.Connection(stele.address) as bystander:
            for api in APIS:
                for version in range(14):
                    with self.subTest(api=api, version=version), wire.Connection(stele.address) as hostile:
                        body = dice.randbytes(dice.choice((0, 1, 8, 200)))
                        outcomes[self.outcome_of(hostile, wire.request(api, version, body, KNOWN_ID))] += 1
                self.assertEqual(bystander.produce_or_create("t"), wire.NONE)
            self.assertEqual(outcomes["answered"] + outcomes["closed"], 14 * len(APIS))
            self.assertGreater(outcomes["answered"], 0)
            # Nonsense is no reason to be silent, nor to fill the log.
            lines = stele.lines("closing the connection")
            self.assertGreater(len(lines), 0)
            self.assertLessEqual(len(lines), outcomes["closed"])
            self.assertEqual(stele.stop(), 0)

    def outcome_of(self, client, request):
        """Whatever is said in answer must be an answer to it."""
        client.send(request)
        try:
            answer = client.receive_whole()
        except wire.Closed:
            return "closed"
        self.assertEqual(struct.unpack_from(">i", answer)[0], KNOWN_ID)
        return "answered"


if __name__ == "__main__":
    broker.main()

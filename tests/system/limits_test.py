#!/usr/bin/env python3
"""Connections that do nothing, and more connections than there are descriptors."""

import time

import broker
import wire
from broker import SystemTest, wait_until


class Limits(SystemTest):
    def test_idle_connections_close(self):
        with self.broker("--set", "connections.max.idle.ms=1000") as stele:
            with wire.Client(stele.address) as idle, wire.Client(stele.address) as waiting, wire.Client(stele.address) as busy:
                busy.create_topic("t")
                # Waits in the broker for longer than that, which is not being idle.
                waiting.send(wire.fetch_request("t", 0, max_wait_ms=3000))
                began = time.monotonic()
                while time.monotonic() - began < 2.5:
                    busy.ask(wire.metadata_request())
                self.assertTrue(idle.is_closed())
                self.assertGreater(len(waiting.receive()), 0)
                busy.ask(wire.metadata_request())
                self.assertEqual(stele.lines("closing the connection"), [])

    def test_idle_means_idle(self):
        with self.broker("--set", "connections.max.idle.ms=1000") as stele, wire.Client(stele.address) as idle:
            began = time.monotonic()
            self.assertTrue(idle.is_closed())
            self.assertGreater(time.monotonic() - began, 0.9)

    def test_without_descriptors_nothing_spins_and_all_recovers(self):
        with self.broker(before=("prlimit", "--nofile=60:60")) as stele:
            with wire.Client(stele.address) as worker:
                worker.create_topic("t")
                clients = [wire.Client(stele.address) for _ in range(100)]
                stele.wait_for_line("ulimit -n")
                cpu_before, began = stele.cpu_seconds(), time.monotonic()
                while time.monotonic() - began < 2:
                    # Who is in goes on working, at a pace that costs nothing itself.
                    error, offset = worker.produce("t", wire.batch([b"x"]))
                    self.assertEqual(error, wire.NONE)
                    worker.fetch("t", offset + 1, max_wait_ms=200)
                used = stele.cpu_seconds() - cpu_before
                print(f"\nout of descriptors: {used:.2f} s of CPU in 2 s")
                self.assertLess(used, 0.5)
                self.assertLess(len(stele.lines("ulimit -n")), 10)
                for client in clients:
                    client.close()
                wait_until("descriptors are free again", lambda: stele.descriptors() < 50)
                with wire.Client(stele.address) as late:
                    late.ask(wire.metadata_request())


if __name__ == "__main__":
    broker.main()

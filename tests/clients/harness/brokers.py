"""The brokers that the stories run against: Stele, and Apache Kafka to compare with.

Both serve on 127.0.0.1, on ports the kernel chose, with data below a directory of their own and with the defaults they
come with.
"""

import pathlib
import re
import socket

from harness.kafka_home import QUIET
from support_py import processes, server
from support_py.server import Failed

START_SECONDS = 60
# Eligible leader replicas are about many brokers, but set a broker-wide min.insync.replicas that DescribeConfigs shows.
WITHOUT_ELR = ("--feature", "eligible.leader.replicas.version=0")


class Broker:
    """One broker and its data directory. `name` is how reports call it. Thread: one at a time."""

    def __init__(self, name, directory):
        self.name = name
        self.bootstrap = None  # "127.0.0.1:PORT" while it runs.
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / "broker.log"
        self.process = None  # The server.Server it is.

    @property
    def address(self):
        host, port = self.bootstrap.rsplit(":", 1)
        return host, int(port)

    def another(self, name, *flags, settings=None):
        """A broker of the same kind, not yet started, with nothing in its directory. `flags` are Stele's, `settings`
        {name: value} for either."""
        raise NotImplementedError

    def start(self, port=0):
        """On the port given, or one that the kernel chooses. Raises Failed."""
        raise NotImplementedError

    def start_again(self):
        """On the port it had, so that clients find it."""
        for attempt in range(5):
            try:
                return self.start(self.address[1])
            except Failed as failed:
                # A client that tries to connect meanwhile may be given this very port, until it sees that it talks to
                # itself.
                if attempt == 4 or not re.search(r"address .*in use", str(failed), re.IGNORECASE):
                    raise
        raise AssertionError("not reached")

    def kill(self):
        """As kill -9 does it."""
        self.process.kill()

    def stop(self):
        """Cleanly. Raises Failed with what the broker said if it does not go."""
        try:
            code = self.process.stop()
        except Failed:
            self.kill()
            raise
        if code not in self.clean_exits:
            raise Failed(f"{self.name} stopped with exit code {code}:\n{self.said()}")

    def is_running(self):
        return self.process.is_running()

    def said(self):
        return self.process.said()

    def partition_directory(self, topic_id, partition):
        """Where a partition's files are, however a broker names its directories; None if there is none. `topic_id` is
        the text that Kafka's partition.metadata holds."""
        for metadata in self.data.glob(f"*-{partition}/partition.metadata"):
            if f"topic_id: {topic_id}" in metadata.read_text().splitlines():
                return metadata.parent
        return None


class Stele(Broker):
    clean_exits = (0,)

    def __init__(self, binary, directory, flags=()):
        super().__init__("stele", directory)
        self.data = self.directory / "data"
        self._binary, self._flags = binary, flags
        self.process = server.Stele(binary, self.data, flags, log=self.log)

    def another(self, name, *flags, settings=None):
        more = [word for key, value in (settings or {}).items() for word in ("--set", f"{key}={value}")]
        return Stele(self._binary, self.directory / name, [*self._flags, *flags, *more])

    def start(self, port=0):
        self.process.start(f"127.0.0.1:{port}")
        self.bootstrap = ":".join(map(str, self.process.address))
        return self


class Kafka(Broker):
    clean_exits = (0, 143)  # Java says 143 for a SIGTERM that it obeyed.

    def __init__(self, home, directory, settings=None):
        super().__init__("kafka", directory)
        self.data = self.directory / "data"
        self._home, self._settings = home, settings or {}
        self.process = server.Server(self.name, self.log)

    def another(self, name, *flags, settings=None):
        return Kafka(self._home, self.directory / name, settings)

    def start(self, port=0):
        # Its controller must be named by port before it runs, so both ports are chosen here; another program may take
        # one in between.
        for attempt in range(5):
            try:
                return self._start(port)
            except Failed as failed:
                if port or attempt == 4 or "Address already in use" not in str(failed):
                    raise
        raise AssertionError("not reached")

    def _start(self, port):
        free, controller = free_ports(2)
        port = port or free
        properties = self.directory / "server.properties"
        properties.write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={self.data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
""" + "".join(f"{key}={value}\n" for key, value in self._settings.items()))
        if not (self.data / "meta.properties").exists():
            done = processes.run(self._home.command("kafka-storage", "format", "-t", "c3RlbGUtdGVzdHMta2Fma2", "-c",
                                                    properties, *WITHOUT_ELR), START_SECONDS)
            if done.code != 0:
                raise Failed(f"kafka-storage format: {done.explain()}")
        java = ("-Xmx512m", "-XX:+UseSerialGC", QUIET,
                "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info")
        self.process.launch(self._home.command("kafka-server-start", properties, java=java))
        try:
            self.process.wait_for_line("Kafka Server started", START_SECONDS)
        except Failed:
            self.kill()
            raise
        self.bootstrap = f"127.0.0.1:{port}"
        return self


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()

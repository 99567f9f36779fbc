"""The brokers that the stories run against: Stele, and Apache Kafka to compare with.

Both serve on 127.0.0.1, on ports the kernel chose, with data below a directory of their own and with the defaults they
come with.
"""

import pathlib
import re
import signal
import socket
import subprocess

from harness import processes
from harness.kafka_home import QUIET

START_SECONDS = 60
# Eligible leader replicas are about many brokers, but set a broker-wide min.insync.replicas that DescribeConfigs shows.
WITHOUT_ELR = ("--feature", "eligible.leader.replicas.version=0")
STOP_SECONDS = 60


class Failed(Exception):
    """A broker did not start or stop as it should."""


class Broker:
    """One broker and its data directory. `name` is how reports call it. Thread: one at a time."""

    def __init__(self, name, directory):
        self.name = name
        self.bootstrap = None  # "127.0.0.1:PORT" while it runs.
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._process = None
        self._lines = None

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
        processes.kill_group(self._process)
        self._process = None

    def stop(self):
        """Cleanly. Raises Failed with what the broker said if it does not go."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop on SIGTERM:\n{self._lines.tail()}") from None
        processes.ended(self._process)
        self._process = None
        if code not in self.clean_exits:
            raise Failed(f"{self.name} stopped with exit code {code}:\n{self._lines.tail()}")

    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def said(self):
        return self._lines.tail() if self._lines else ""

    def partition_directory(self, topic_id, partition):
        """Where a partition's files are, however a broker names its directories; None if there is none. `topic_id` is
        the text that Kafka's partition.metadata holds."""
        for metadata in self.data.glob(f"*-{partition}/partition.metadata"):
            if f"topic_id: {topic_id}" in metadata.read_text().splitlines():
                return metadata.parent
        return None

    def _launch(self, command, ready):
        """Starts `command` and returns its first line with `ready` in it."""
        self._process = processes.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._lines = processes.Lines(self._process.stdout, self.directory / "broker.log")
        line = self._lines.wait_for(ready, START_SECONDS)
        if line is None:
            self.kill()
            raise Failed(f"{self.name} did not start:\n{self._lines.tail()}")
        return line


class Stele(Broker):
    clean_exits = (0,)

    def __init__(self, binary, directory, flags=()):
        super().__init__("stele", directory)
        self.data = self.directory / "data"
        self._binary, self._flags = binary, flags

    def another(self, name, *flags, settings=None):
        more = [word for key, value in (settings or {}).items() for word in ("--set", f"{key}={value}")]
        return Stele(self._binary, self.directory / name, [*self._flags, *flags, *more])

    def start(self, port=0):
        line = self._launch([self._binary, "serve", "--data-dir", self.data, "--listen", f"127.0.0.1:{port}", *self._flags],
                            "stele ready on ")
        self.bootstrap = re.search(r"stele ready on (\S+:\d+)", line)[1].rstrip(",")
        return self


class Kafka(Broker):
    clean_exits = (0, 143)  # Java says 143 for a SIGTERM that it obeyed.

    def __init__(self, home, directory, settings=None):
        super().__init__("kafka", directory)
        self.data = self.directory / "data"
        self._home, self._settings = home, settings or {}

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
        self._launch(self._home.command("kafka-server-start", properties, java=java), "Kafka Server started")
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

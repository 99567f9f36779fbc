"""The clients that have a program which plays a member of a consumer group, and what they can."""

from harness import toolchains
from stories import programs

COMMITS = ("before", "after", "auto")


class Client:
    def __init__(self, name, command, assignors, static=True, fences=False, commits=COMMITS):
        """`command(tools)` builds the client and gives the words to run a member with. `assignors` are those that the
        client has, by the names of python/member.py; `static` says whether it has static members, and `fences` whether
        they say when another one takes their place."""
        self.name, self.command, self.assignors, self.commits = name, command, assignors, commits
        self.static, self.fences = static, fences


def producer(tools):
    return programs.python("group_producer.py")(tools)


def _go(name, folder, package="."):
    def command(tools):
        return [toolchains.go_program(programs.HERE / folder, tools.cache, name, package, [programs.HERE / "go/member"])]

    return command


def _node(script, version):
    def command(tools):
        toolchains.need_node(version)
        return ["node", toolchains.node_program(programs.HERE / "node", tools.cache, "node", script)]

    return command


ALL = [
    Client("confluent-kafka", programs.python("confluent_member.py"), ("range", "roundrobin", "cooperative-sticky"),
           fences=True),
    Client("kafka-python", programs.python("kafka_python_member.py"),
           ("range", "roundrobin", "sticky", "cooperative-sticky"), fences=True),
    Client("aiokafka", programs.python("aiokafka_member.py"), ("range", "roundrobin", "sticky")),
    Client("java", programs.java("stele.Member"), ("range", "roundrobin", "sticky", "cooperative-sticky"), fences=True),
    Client("franz-go", _go("franz-go-member", "go", "./franz-go-member"),
           ("range", "roundrobin", "sticky", "cooperative-sticky"), fences=True),
    Client("sarama", _go("sarama-member", "go/sarama-member"), ("range", "roundrobin", "sticky"), fences=True),
    Client("kafka-go", _go("kafka-go-member", "go/kafka-go-member"), ("range", "roundrobin"), static=False),
    Client("kafkajs", _node("kafkajs_member.mjs", 18), ("roundrobin",), static=False),
    Client("platformatic", _node("platformatic_member.mjs", 20), ("roundrobin",), commits=("after",)),
]

"""Consumer groups of stock clients: members come, go and die, and so does the broker, while a producer goes on sending."""

import string
import time

from harness import brokers, group
from stories import members
from support_py import wire
from support_py.wire import groups

PARTITIONS = 6
TOPIC = "shared"
# Of one batch: python/member.py and its like.
MOST_RECORDS = 50


class Groups:
    """Tells a story with one client. What `options` say is for its members (python/member.py). Its own broker is killed
    in some stories, so each has one."""

    side_by_side = True

    def __init__(self, client, story, matrix=False, **options):
        words = [] if story is come_and_go else [story.__name__]
        self.name = "-".join(["group", client.name, *words, *(map(str, options.values()) if matrix else ())])
        self.matrix = matrix
        self._client, self._story, self._options = client, story, options

    def prepare(self, tools):
        program = self._client.command(tools)
        producer = members.producer(tools)

        def run(broker, witness):
            own = broker.another(self.name)
            told = None
            try:
                own.start()
                with wire.Connection(own.address) as connection:
                    connection.must_create_topic(TOPIC, {}, PARTITIONS)
                told = group.Group(program, own, self.name, TOPIC, PARTITIONS, own.directory / "members")
                told.produce(producer)
                self._story(_Told(own, witness, told, self.name), **self._options)
            except (group.Stuck, brokers.Failed) as failed:
                witness.give_up(failed)
            finally:
                if told:
                    told.end()
                if own.is_running():
                    own.kill()

        return run


class _Told:
    """What the stories have in common: the broker, the witness and the group, whose name in the protocol is `name`."""

    def __init__(self, broker, witness, told, name):
        self.broker, self.witness, self.group, self._name = broker, witness, told, name

    def ask(self, request):
        with wire.Connection(self.broker.address) as connection:
            return connection.ask(request)

    def described(self):
        return groups.described(self.ask(groups.describe(self._name)))

    def committed(self):
        """{partition: offset}, once the coordinator has loaded them."""
        answer = {}

        def is_loaded():
            answer.update(groups.committed(self.ask(groups.fetch_offsets(self._name, TOPIC, range(PARTITIONS)))))
            return all(isinstance(offset, int) for offset in answer.values())

        self.group.wait("the coordinator answers", is_loaded)
        return answer

    def settle(self, what):
        began = time.monotonic()
        self.group.settle(what)
        self.group.wait(f"{what}: the group is stable", lambda: self.described()["state"] == "Stable")
        deserters = self.group.deserters()
        self.witness.check(f"{what}: no member has ended by itself", not deserters, "\n".join(map(str, deserters)))
        self.witness.saw(what, {"partitions of each": self.group.sizes(), "group": self.described()})
        self.witness.note(f"{what}: {time.monotonic() - began:.1f} s")

    def finish(self, commit):
        """Everything is processed and committed, and all leave."""
        count = self.group.stop_producing()
        self.group.wait_for_all(count, lambda place: commit == "before" and self._is_excused(place))
        codes = self.group.stop(self.group.running())
        self.witness.check("every member leaves and ends with 0", set(codes) == {0}, f"{codes} {self.group.describe()}")
        self._check_records(count, commit)
        ends = wire.listed_offsets(self.ask(wire.list_offsets_request(TOPIC, wire.LATEST, range(PARTITIONS))))
        committed = self.committed()
        self.witness.check("every record was sent once", sum(ends.values()) == count, f"{ends}, {count}")
        self.witness.check("all is committed", committed == ends, f"committed {committed}, the log ends at {ends}")

    def _is_excused(self, place):
        """Whether a record may be committed without being processed: its member was killed in between, or did not hear
        whether it is committed."""
        return place in self.group.in_doubt or any(each.killed for each, _ in self.group.read[place])

    def _check_records(self, count, commit):
        told = self.group
        wrong = [(place, value) for place, read in told.read.items() for _, value in read
                 if int(value) != place[1] * PARTITIONS + place[0]]
        self.witness.check("each record is what was sent", not wrong and len(told.read) == count, f"{wrong[:5]} {len(told.read)}")
        twice = {place: [str(each) for each in by] for place, by in told.processed.items() if len(by) > 1}
        missing = set(told.read) - set(told.processed)
        if commit == "before":
            self.witness.check("no record is processed twice", not twice, f"{len(twice)}: {list(twice.items())[:3]}")
            kills = sum(each.killed for each in told.members)
            self.witness.check("only what a killed member was at, or what is in doubt, is not processed",
                               len(missing - told.in_doubt) <= MOST_RECORDS * kills, missing)
            self.witness.note(f"{len(missing)} of {count} records were committed and not processed")
        else:
            self.witness.check("every record is processed", not missing, missing)
            self.witness.note(f"{len(twice)} of {count} records were processed again")


def come_and_go(told, commit="before", assignor=None, count=3):
    """`count` members, of which one comes later, is killed and comes again; then the broker is killed too."""
    *first, last = string.ascii_uppercase[:count]

    def start(name):
        return told.group.start(name, commit=commit, assignor=assignor)

    for name in first:
        start(name)
    told.settle("the first members share")
    before = {each: len(each.moves()) for each in told.group.members}
    newcomer = start(last)
    told.settle("one more joins")
    if assignor == "cooperative-sticky":
        _check_kept(told, before)
    told.group.kill(newcomer)
    told.settle("one is killed")
    start(last)
    told.settle("one is started again")
    promised = told.group.told_committed()
    told.broker.kill()
    told.broker.start_again()
    kept = told.committed()
    told.witness.check("no commit is lost", all(kept[each] >= offset for each, offset in promised.items()), f"{promised} {kept}\n{told.group.describe()}")
    told.settle("the broker is killed and started again")
    told.finish(commit)
    told.witness.saw("all have left", told.described())


def _check_kept(told, before):
    """A cooperative member gives up no more than the newcomer gets."""
    for member, moves in before.items():
        gone = [each for event in member.moves()[moves:] for each in event.get("revoked", ())]
        kept = len(member.owned)
        told.witness.check(f"{member.name} goes on with what it keeps", kept and not member.owned & set(gone), str(member))


def static(told, commit="before", assignor=None):
    """A static member is killed and comes back within its session; the others do not notice."""
    session = 20_000

    def start(name):
        return told.group.start(name, commit=commit, assignor=assignor, instance=f"instance-{name}", session=session)

    started = [start(name) for name in "ABC"]
    told.settle("static members share")
    for restarted in started[:2]:  # The leader, which was most likely the first, and another.
        others = [each for each in told.group.running() if each is not restarted]
        before = {each: len(each.moves()) for each in others}
        told.group.kill(restarted)
        again = start(restarted.name)
        told.settle(f"{restarted.name} is back")
        told.witness.check(f"{restarted.name} has what it had", again.owned == restarted.owned, f"{restarted}\n{again}")
        told.witness.check(f"nobody noticed that {restarted.name} was away",
                           all(len(each.moves()) == before[each] for each in others), "\n".join(map(str, others)))
    told.finish(commit)


def fenced(told, commit="before"):
    """Somebody comes with the instance id of a member that is still there: that one is told so, and ends."""
    def start(name):
        return told.group.start(name, commit=commit, instance=f"instance-{name}", session=20_000)

    older, other = start("A"), start("B")
    told.settle("static members share")
    before = len(other.moves())
    had = set(older.owned)
    older.may_end = True
    newer = start("A")
    told.group.wait("the older one ends", lambda: older.process.poll() is not None)
    told.witness.check("the older one is told why", any("fenced" in str(event).lower() for event in older.events), str(older))
    told.settle("the newer one is in its place")
    told.witness.check("the newer one has what the older one had", newer.owned == had, f"{older}\n{newer}")
    told.witness.check("the other one did not notice", len(other.moves()) == before, str(other))
    told.finish(commit)


def of(clients):
    """One story a client, and the matrix."""
    stories = []
    for client in clients:
        stories.append(Groups(client, come_and_go, commit=client.commits[0]))
        turn = 0
        for assignor in client.assignors:
            for commit in client.commits:
                count = 2 + turn % 4
                turn += 1
                stories.append(Groups(client, come_and_go, matrix=True, assignor=assignor, commit=commit, count=count))
        if client.fences:
            stories.append(Groups(client, fenced, matrix=True))
        if client.static:
            for assignor in client.assignors:
                stories.append(Groups(client, static, matrix=True, assignor=assignor, commit=client.commits[0]))
    return stories


ALL = of(members.ALL)

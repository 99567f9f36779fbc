"""aiokafka as a member of a group. It rebalances behind the reader's back, but asks before it takes partitions away."""

import asyncio
import logging
import sys

import member
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor, "sticky": StickyPartitionAssignor}
COMMIT_SECONDS = 10


class Listener(ConsumerRebalanceListener):
    def __init__(self, working):
        self._working = working
        self.is_moving = False  # Between the two.

    async def on_partitions_assigned(self, assigned):
        self.is_moving = False
        member.emit(assigned=sorted(each.partition for each in assigned))

    async def on_partitions_revoked(self, revoked):
        async with self._working:  # What is worked on is still ours until then.
            self.is_moving = True
            member.emit(revoked=sorted(each.partition for each in revoked))


class Aiokafka:
    def __init__(self, options):
        self._options = options
        self._working = asyncio.Lock()
        more = {"partition_assignment_strategy": (ASSIGNORS[options.assignor],)} if options.assignor else {}
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=options.bootstrap, group_id=options.group, client_id=options.name,
            group_instance_id=options.instance, session_timeout_ms=options.session,
            heartbeat_interval_ms=member.HEARTBEAT_MS, auto_offset_reset="earliest",
            enable_auto_commit=options.commit == "auto", auto_commit_interval_ms=member.AUTO_COMMIT_MS,
            fetch_max_wait_ms=100, max_poll_records=member.MOST_RECORDS, **more)
        self._listener = Listener(self._working)
        self._consumer.subscribe([options.topic], listener=self._listener)

    async def work(self):
        stop = member.Stop()
        await self._consumer.start()
        while not stop:
            # Waits for the end of a rebalance, so nobody may wait for it meanwhile.
            batches = await self._consumer.getmany(timeout_ms=100, max_records=member.MOST_RECORDS)
            async with self._working:
                await self._work_on(batches)
        await self._consumer.stop()
        member.emit(left=True)

    async def _work_on(self, batches):
        records = [(record.partition, record.offset, record.value.decode()) for batch in batches.values() for record in batch]
        if not records or self._listener.is_moving:
            return  # They are read again by whoever gets them.
        member.emit(read=records)
        if self._options.commit == "before" and not await self._commit(records):
            self._rewind(member.first_offsets(records))
            return
        member.processed(records)
        if self._options.commit == "after":
            await self._commit(records)

    async def _commit(self, records):
        offsets = member.offsets_after(records)
        try:
            await asyncio.wait_for(self._consumer.commit({self._place(partition): offset for partition, offset in
                                                          offsets.items()}), COMMIT_SECONDS)
        except (KafkaError, asyncio.TimeoutError) as refused:
            member.emit(refused=f"{type(refused).__name__}: {refused}")
            return False
        member.emit(committed=offsets)
        return True

    def _rewind(self, offsets):
        for partition, offset in offsets.items():
            if self._place(partition) in self._consumer.assignment():
                self._consumer.seek(self._place(partition), offset)

    def _place(self, partition):
        return TopicPartition(self._options.topic, partition)


async def main():
    await Aiokafka(member.Options()).work()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    asyncio.run(main())

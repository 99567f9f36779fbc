// kafkajs as a member of a group. It rebalances between batches only.

import kafkajs from 'kafkajs'
import { AUTO_COMMIT_MS, emit, HEARTBEAT_MS, onStop, options, Owned } from './member.mjs'

const given = options()
const retry = { initialRetryTime: 100, maxRetryTime: 500, retries: 1000 }
const kafka = new kafkajs.Kafka({
  clientId: given.name,
  brokers: [given.bootstrap],
  retry,
  logLevel: kafkajs.logLevel.WARN,
  logCreator: () => line => console.error(line.namespace, line.log.message, line.log.error ?? '')
})
const owned = new Owned()
let consumer

async function commit(topic, partition, last) {
  const offset = String(Number(last) + 1)
  try {
    await consumer.commitOffsets([{ topic, partition, offset }])
  } catch (refused) {
    emit('refused', `${refused.name}: ${refused.message}`)
    // kafkajs joins again, if need be, and reads the batch again.
    throw refused
  }
  emit('committed', { [partition]: Number(offset) })
}

async function work({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary }) {
  const last = batch.lastOffset()
  emit('read', batch.messages.map(message => [batch.partition, Number(message.offset), message.value.toString()]))
  if (given.commit === 'before') {
    await commit(batch.topic, batch.partition, last)
  }
  emit('processed', batch.messages.map(message => [batch.partition, Number(message.offset)]))
  if (given.commit === 'after') {
    await commit(batch.topic, batch.partition, last)
  }
  resolveOffset(last)
  await commitOffsetsIfNecessary()
  await heartbeat()
}

async function begin() {
  consumer = kafka.consumer({
    groupId: given.group,
    sessionTimeout: given.session,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: 100,
    retry
  })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => owned.is(payload.memberAssignment[given.topic] ?? []))
  consumer.on(consumer.events.REBALANCING, () => owned.nothing())
  // A commit that finds its member out of the group ends a consumer of kafkajs for good: programs make another one.
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (payload.restart) return
    owned.nothing()
    begin()
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [given.topic], fromBeginning: true })
  await consumer.run({
    eachBatchAutoResolve: false,
    autoCommit: given.commit === 'auto',
    autoCommitInterval: AUTO_COMMIT_MS,
    eachBatch: work
  })
}

onStop(() => consumer.disconnect())
await begin()

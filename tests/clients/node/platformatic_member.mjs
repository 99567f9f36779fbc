// @platformatic/kafka as a member of a group that commits afterwards. It cannot do otherwise without losing something: it
// commits by itself what it has only buffered, and what was refused it commits again after it has joined again, be the
// partition its own or not.

import { Consumer, stringDeserializers } from '@platformatic/kafka'
import { setTimeout } from 'node:timers/promises'
import { emit, HEARTBEAT_MS, onStop, options, Owned } from './member.mjs'

const given = options()
const consumer = new Consumer({
  clientId: given.name,
  groupId: given.group,
  bootstrapBrokers: [given.bootstrap],
  sessionTimeout: given.session,
  heartbeatInterval: HEARTBEAT_MS,
  rebalanceTimeout: 30_000,
  groupInstanceId: given.instance,
  deserializers: stringDeserializers,
  autocommit: false,
  maxWaitTime: 100,
  retries: 100,
  retryDelay: 100
})

const owned = new Owned()
consumer.on('consumer:group:join', ({ assignments }) => {
  owned.is(assignments.find(each => each.topic === given.topic)?.partitions ?? [])
})
consumer.on('consumer:group:rebalance', () => owned.nothing())
consumer.on('consumer:heartbeat:error', ({ error }) => console.error(error.message))
consumer.on('error', error => console.error(error))

let stopping = false

async function work(message) {
  const offset = Number(message.offset)
  emit('read', [[message.partition, offset, message.value]])
  emit('processed', [[message.partition, offset]])
  try {
    await message.commit()
    emit('committed', { [message.partition]: offset + 1 })
  } catch (refused) {
    emit('refused', refused.message)
  }
}

onStop(async () => {
  stopping = true
  await consumer.close(true)
})
while (!stopping) {
  try {
    const stream = await consumer.consume({ topics: [given.topic], mode: 'committed', fallbackMode: 'earliest' })
    for await (const message of stream) {
      await work(message)
    }
  } catch (failed) {
    // A stream does not outlive its broker.
    console.error(failed)
    await setTimeout(200)
  }
}

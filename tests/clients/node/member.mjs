// What members of consumer groups have in common, whichever JavaScript client they are made of. Arguments, options and
// output are those of ../python/member.py.

export const HEARTBEAT_MS = 500
export const AUTO_COMMIT_MS = 500

export function emit(event, what) {
  process.stdout.write(JSON.stringify({ [event]: what }) + '\n')
}

export function options() {
  const [bootstrap, group, topic, ...words] = process.argv.slice(2)
  const given = Object.fromEntries(words.map(word => word.split('=', 2)))
  return { commit: 'before', ...given, bootstrap, group, topic, session: Number(given.session) }
}

// What the member has. Clients say it as a whole, so whatever it had goes first.
export class Owned {
  #mine = []

  is(partitions) {
    this.nothing()
    this.#mine = partitions
    emit('assigned', partitions)
  }

  nothing() {
    if (this.#mine.length > 0) {
      emit('revoked', this.#mine)
    }
    this.#mine = []
  }
}

// Ends the program when `leave` is done, which SIGTERM begins.
export function onStop(leave) {
  process.once('SIGTERM', async () => {
    await leave()
    emit('left', true)
    process.exit(0)
  })
}

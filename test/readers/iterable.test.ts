import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import type { ItemReader, OpenedReader } from '../../src/core/ports/item-reader.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { itemReaderContract } from '../../src/testing/contracts/item-reader.ts'
import { NO_RESOURCES, SILENT_LOGGER, withinSeconds } from '../../src/testing/contracts/scope.ts'

const NUMBERS = Array.from({ length: 20 }, (_, index) => index)

function* generated(): Generator<number> {
  yield* NUMBERS
}
async function* generatedLater(): AsyncGenerator<number> {
  for (const number of NUMBERS) {
    if (number % 7 === 3) await new Promise(setImmediate)
    yield number
  }
}
async function* failing(): AsyncGenerator<number> {
  yield* [1, 2, 3]
  throw new Error('the source is broken')
}

function open<T>(
  reader: ItemReader<T>,
  from?: Checkpoint,
  signal = new AbortController().signal,
): Promise<OpenedReader<T>> {
  return reader.open({ from, signal, logger: SILENT_LOGGER, resources: NO_RESOURCES })
}

async function readAll<T>(reader: ItemReader<T>, from?: Checkpoint): Promise<readonly T[]> {
  const opened = await open(reader, from)
  const items: T[] = []
  try {
    for (let page = await opened.read(4); page; page = await opened.read(4)) items.push(...page.items)
  } finally {
    await opened.close()
  }
  return items
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => error,
  )
}

describe('iterableReader', () => {
  const SOURCES: Record<string, () => ItemReader<unknown>> = {
    'of an array': () => iterableReader(NUMBERS),
    'of a function that makes an array': () => iterableReader(async () => NUMBERS),
    'of a set': () => iterableReader(new Set(NUMBERS)),
    'of a generator function': () => iterableReader(generated),
    'of an asynchronous generator function': () => iterableReader(generatedLater),
    'of a stream': () => iterableReader(() => Readable.from(generatedLater())),
    'of a web stream': () =>
      iterableReader(() => Readable.toWeb(Readable.from(generated()), { strategy: { highWaterMark: 1 } })),
  }
  for (const [what, reader] of Object.entries(SOURCES)) {
    describe(what, () => {
      for (const { promise, check } of itemReaderContract({
        reader,
        failing: () => iterableReader(failing),
      })) {
        it(promise, check)
      }
    })
  }

  it('takes null and undefined for items', async () => {
    const items = [null, undefined, 0, '']
    expect(await readAll(iterableReader(items))).to.deep.equal(items)
    expect(await readAll(iterableReader(() => new Set(items)))).to.deep.equal(items)
    expect(
      await readAll(
        iterableReader(() =>
          (async function* () {
            yield* items
          })(),
        ),
      ),
    ).to.deep.equal(items)
  })

  it('knows the total of what has a size', async () => {
    expect((await open(iterableReader(NUMBERS))).progress?.()).to.deep.equal({
      done: 0,
      total: 20,
      unit: 'items',
    })
    expect((await open(iterableReader(() => new Set(NUMBERS)))).progress?.().total).to.equal(20)
    expect((await open(iterableReader(generated), { items: 5 })).progress?.()).to.deep.equal({
      done: 5,
      unit: 'items',
    })
  })

  describe('refuses to go on', () => {
    const refusal = async (reader: ItemReader<unknown>, items = 3): Promise<string> => {
      const error = await rejection(open(reader, { items }))
      if (!isBatchError(error, 'CHECKPOINT_REFUSED')) throw error
      return error.message
    }
    it('with a stream or an iterator that was passed itself', async () => {
      for (const source of [Readable.from(NUMBERS), generated(), generatedLater(), NUMBERS.values()]) {
        expect(await refusal(iterableReader<number>(source))).to.contain('pass a function that makes it anew')
      }
    })
    it('with a function whose source cannot be repeated', async () => {
      let isMade = false
      const source = (): readonly number[] => ((isMade = true), NUMBERS)
      expect(await refusal(iterableReader(source, { repeatable: false, description: 'the queue' }))).to.match(
        /^iterableReader \(the queue\)/,
      )
      expect(isMade).to.equal(false)
    })
    it('with a source that has become shorter', async () => {
      for (const reader of Object.values(SOURCES)) {
        expect(await refusal(reader(), 21)).to.contain(
          '21 items were committed before, and the source now gives only 20',
        )
      }
    })
  })

  it('goes on with an iterator that its author says is repeatable', async () => {
    expect(
      await readAll(iterableReader(NUMBERS.values(), { repeatable: true }), { items: 18 }),
    ).to.deep.equal([18, 19])
  })

  it('refuses what cannot be iterated', async () => {
    for (const source of [null, 7, {}, 'text', undefined]) {
      expect(
        isBatchError(await rejection(open(iterableReader(() => source as never))), 'INVALID_READER_OPTIONS'),
      ).to.equal(true)
    }
  })

  describe('at its end', () => {
    it('returns iterators that have not come to theirs, once', async () => {
      const events: string[] = []
      function* sync(): Generator<number> {
        try {
          yield* NUMBERS
        } finally {
          events.push('sync')
        }
      }
      async function* later(): AsyncGenerator<number> {
        try {
          yield* NUMBERS
        } finally {
          events.push('later')
        }
      }
      for (const reader of [iterableReader(sync), iterableReader(later)]) {
        const opened = await open(reader)
        await opened.read(2)
        await opened.close()
      }
      expect(events).to.deep.equal(['sync', 'later'])
      await readAll(iterableReader(sync))
      expect(events).to.have.length(3)
    })

    it('destroys streams, read or unread', async () => {
      const streams: Readable[] = []
      const reader = iterableReader(() => {
        const stream = Readable.from(NUMBERS)
        streams.push(stream)
        return stream as Iterable<never> & Readable
      })
      await (await open(reader)).close()
      const opened = await open(reader)
      await opened.read(1)
      await opened.close()
      expect(streams.map(({ destroyed }) => destroyed)).to.deep.equal([true, true])
    })
  })

  it('tells the error of a stream, also one that came before the first read', async () => {
    const opened = await open(iterableReader<Buffer>(() => createReadStream('/no/such/file')))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await rejection(opened.read(1))).to.have.property('code', 'ENOENT')
    await opened.close()
  })

  it('hands over what has arrived when nothing more comes for a while', async () => {
    let arrive: (item: number) => void = () => {}
    const late = new Promise<number>((resolve) => (arrive = resolve))
    const opened = await open(
      iterableReader(async function* () {
        yield* [1, 2]
        yield await late
      }),
    )
    expect((await opened.read(10))?.items).to.deep.equal([1, 2])
    const empty = await opened.read(10)
    expect(empty?.items).to.deep.equal([])
    arrive(3)
    const page = await opened.read(10)
    expect(page?.items).to.deep.equal([3])
    expect(page?.checkpointAfter(0)).to.deep.equal({ items: 3 })
    expect(await opened.read(10)).to.equal(undefined)
    await opened.close()
  })

  it('can end while it waits for what never comes', async () => {
    const never = async function* (): AsyncGenerator<number> {
      yield await new Promise<number>(() => {})
    }
    for (const source of [
      never,
      () => Readable.from(never()),
      () => new Readable({ objectMode: true, read: () => {} }),
    ]) {
      const stop = new AbortController()
      const opened = await open(iterableReader<number>(source as typeof never), undefined, stop.signal)
      const pending = opened.read(1)
      stop.abort(new Error('enough'))
      expect(await rejection(pending)).to.have.property('message', 'enough')
      await withinSeconds(1, 'close', opened.close())
      const skipping = new AbortController()
      const opening = open(iterableReader<number>(source as typeof never), { items: 1 }, skipping.signal)
      skipping.abort(new Error('enough'))
      expect(await rejection(opening)).to.have.property('message', 'enough')
    }
  })

  it('does not end the process when an iterator fails that nobody waits for any more', async () => {
    let fail: (error: Error) => void = () => {}
    const broken = new Promise<number>((_, reject) => (fail = reject))
    const stop = new AbortController()
    const opened = await open(
      iterableReader(async function* () {
        yield await broken
      }),
      undefined,
      stop.signal,
    )
    expect((await opened.read(1))?.items).to.deep.equal([])
    fail(new Error('too late'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    await opened.close()
  })
})

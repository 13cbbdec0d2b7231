/** Asks a Kafka broker or a Cassandra node whether it answers, without a driver. */

import { connect } from 'node:net'
import type { ServerAddress, ServerName } from './server-address.ts'

interface Question {
  readonly request: Buffer
  /** How many bytes of the answer are looked at. */
  readonly length: number
  readonly isAnswer: (start: Buffer) => boolean
}

const CORRELATION = 7
const SUPPORTED = 6

const QUESTIONS: Readonly<Record<ServerName, Question>> = {
  // Metadata, version 1, of no topic: a broker that has not joined its cluster yet names no brokers.
  kafka: {
    request: Buffer.from([0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, CORRELATION, 0xff, 0xff, 0, 0, 0, 0]),
    length: 12,
    isAnswer: (start) => start.readInt32BE(4) === CORRELATION && start.readInt32BE(8) >= 1,
  },
  // OPTIONS, version 4 of the native protocol.
  cassandra: {
    request: Buffer.from([4, 0, 0, 0, 5, 0, 0, 0, 0]),
    length: 5,
    isAnswer: (start) => start[4] === SUPPORTED,
  },
}

/** @default 2 seconds. Never rejects: whoever does not answer in time, or answers something else, does not answer. */
export function answers(name: ServerName, address: ServerAddress, patienceMs = 2000): Promise<boolean> {
  const { request, length, isAnswer } = QUESTIONS[name]
  return new Promise((resolve) => {
    const socket = connect({ host: address.host, port: address.port })
    let received = Buffer.alloc(0)
    const end = (answered: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answered)
    }
    const timer = setTimeout(() => end(false), patienceMs)
    socket.once('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= length) end(isAnswer(received))
    })
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}

import { expect } from 'chai'
import { runCommand } from '../../../scripts/services/run-command.ts'

const idle = new AbortController().signal
const node = (code: string, signal = idle): Promise<number> =>
  runCommand([process.execPath, '-e', code], { KAFKA_BROKERS: 'a:1' }, signal)

describe('A command that runs with the servers', () => {
  it('has their addresses, and its exit code is the answer', async () => {
    expect(await node("process.exit(process.env.KAFKA_BROKERS === 'a:1' ? 7 : 1)")).to.equal(7)
    expect(await node('')).to.equal(0)
  })

  it('answers 128 and the signal when it was killed', async () => {
    expect(await node("process.kill(process.pid, 'SIGKILL')")).to.equal(137)
  })

  it('is asked to end when we are, and its end is waited for', async () => {
    const controller = new AbortController()
    const stubborn = "process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000)"
    const ended = node(`${stubborn}; process.kill(${process.pid}, 'SIGUSR2')`, controller.signal)
    await new Promise<void>((resolve) => process.once('SIGUSR2', () => resolve()))
    controller.abort()
    expect(await ended).to.equal(3)
  })

  it('is refused when there is no such program', async () => {
    const failed = await runCommand(['batchwright-no-such-program'], {}, idle).catch(
      (error: Error) => error.message,
    )
    expect(failed).to.match(/The command batchwright-no-such-program cannot be run: .*ENOENT/)
  })
})

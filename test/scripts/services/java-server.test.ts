import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { freePorts, LOCALHOST } from '../../../scripts/services/free-port.ts'
import { javaServer } from '../../../scripts/services/java-server.ts'
import type { ServerProcess } from '../../../scripts/services/server-process.ts'

/** With a shell script in Java's place: what is tested is what happens around it. */
describe('A server on the JVM', () => {
  const before = process.env['JAVA_HOME']
  let home: string
  let folder: string
  let server: ServerProcess

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'batchwright-java-home-'))
    folder = mkdtempSync(join(tmpdir(), 'batchwright-kafka-'))
    process.env['JAVA_HOME'] = home
    const [port = 0] = await freePorts(1)
    server = javaServer({
      name: 'kafka',
      address: { host: LOCALHOST, port },
      ports: [port],
      folder,
      javaArguments: ['kafka.Kafka'],
    })
  })

  afterEach(async () => {
    await server.stop()
    if (before === undefined) delete process.env['JAVA_HOME']
    else process.env['JAVA_HOME'] = before
    rmSync(home, { recursive: true })
  })

  function java(script: string): void {
    mkdirSync(join(home, 'bin'))
    writeFileSync(join(home, 'bin', 'java'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(home, 'bin', 'java'), 0o755)
  }

  it('that dies while starting is an error with the end of its log', async () => {
    java('seq 30; echo "no space left" >&2; exit 3')
    const error = await server.start().catch((reason: Error) => reason.message)
    expect(error).to.match(
      /^kafka died while starting \(exit code 3\)\. The last lines of its log:\n12\n13\n/,
    )
    expect(error).to.match(/\n30\nno space left$/)
  })

  it('that is killed while starting is an error with the signal', async () => {
    java('kill -9 $$')
    const error = await server.start().catch((reason: Error) => reason.message)
    expect(error).to.match(/^kafka died while starting \(SIGKILL\)/)
  })

  it('is gone, and its pid forgotten, when its start is given up', async () => {
    java(`echo up > ${folder}/up; exec sleep 100`)
    const controller = new AbortController()
    const failed = server.start(controller.signal).catch((reason: Error) => reason.name)
    while (!existsSync(join(folder, 'up'))) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    expect(await failed).to.equal('AbortError')
    expect(readdirSync(folder).toSorted()).to.deep.equal(['log', 'tmp', 'up'])
  })

  it('leaves nothing in the file system when it is stopped, which may happen twice', async () => {
    java('exit 1')
    await server.start().catch(() => undefined)
    await server.stop()
    await server.stop()
    expect(existsSync(folder)).to.equal(false)
  })
})

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { jarsName, SERVICES_FOLDER } from '../../../scripts/services/jars.ts'

describe("The name of a server's jars in the cache", () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchwright-poms-'))
    cpSync(SERVICES_FOLDER, folder, { recursive: true })
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  function edit(pom: string): void {
    writeFileSync(join(folder, pom), `${readFileSync(join(folder, pom), 'utf8')}<!-- -->`)
  }

  it('is the same for the same poms, wherever they lie', () => {
    expect(jarsName('kafka', folder)).to.equal(jarsName('kafka'))
    expect(jarsName('kafka')).to.match(/^kafka-jars-[0-9a-f]{16}$/)
  })

  it('changes with the pom of the server, and not with that of the other', () => {
    edit('kafka/pom.xml')
    expect(jarsName('kafka', folder)).not.to.equal(jarsName('kafka'))
    expect(jarsName('cassandra', folder)).to.equal(jarsName('cassandra'))
  })

  it('changes with the pom above both', () => {
    edit('pom.xml')
    expect(jarsName('kafka', folder)).not.to.equal(jarsName('kafka'))
    expect(jarsName('cassandra', folder)).not.to.equal(jarsName('cassandra'))
  })
})

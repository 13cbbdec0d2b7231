import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { cachedFolder, cacheFolder, fillCache, isCached } from '../../../scripts/services/cache-folder.ts'

describe('The cache outside of the checkout', () => {
  const before = process.env['XDG_CACHE_HOME']
  let home: string

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'batchwright-cache-'))
    process.env['XDG_CACHE_HOME'] = home
  })

  afterEach(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = before
    rmSync(home, { recursive: true, force: true })
  })

  const write = (text: string) => async (folder: string) => {
    writeFileSync(join(folder, 'jar'), text)
    return true
  }

  it('is where the desktop standard says', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache' })).to.equal('/var/cache/batchwright')
    expect(cacheFolder({})).to.equal(join(homedir(), '.cache/batchwright'))
    // Relative paths are to be ignored.
    expect(cacheFolder({ XDG_CACHE_HOME: 'here' })).to.equal(join(homedir(), '.cache/batchwright'))
  })

  it('is filled once', async () => {
    expect(await fillCache('jars', write('first'))).to.equal(true)
    expect(await fillCache('jars', write('second'))).to.equal(true)
    expect(readFileSync(join(cachedFolder('jars'), 'jar'), 'utf8')).to.equal('first')
  })

  it('is filled by one of two who come at the same time, and the other has to wait', async () => {
    let fills = 0
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    const begun: string[] = []
    const fill = (who: string) => async (folder: string) => {
      begun.push(who)
      fills += 1
      await finished
      return write(who)(folder)
    }
    const both = Promise.all([fillCache('jars', fill('one')), fillCache('jars', fill('other'))])
    while (begun.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(isCached('jars')).to.equal(false)
    finish()
    expect(await both).to.deep.equal([true, true])
    expect(fills).to.equal(1)
    expect(readdirSync(cacheFolder())).to.deep.equal(['jars'])
  })

  it('keeps nothing of a fill that failed or found nothing', async () => {
    const failing = fillCache('jars', async (folder) => {
      await write('half')(folder)
      throw new Error('no network')
    })
    expect(await failing.catch((error: Error) => error.message)).to.equal('no network')
    expect(await fillCache('jars', async () => false)).to.equal(false)
    expect(readdirSync(cacheFolder())).to.deep.equal([])
  })

  it('begins anew where a fill was killed', async () => {
    mkdirSync(join(cacheFolder(), 'jars.part'), { recursive: true })
    writeFileSync(join(cacheFolder(), 'jars.part', 'half'), '')
    await fillCache('jars', write('whole'))
    expect(readdirSync(cachedFolder('jars'))).to.deep.equal(['jar'])
    expect(readdirSync(cacheFolder())).to.deep.equal(['jars'])
  })
})

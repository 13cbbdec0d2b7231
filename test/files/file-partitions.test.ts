import { mkdir, symlink } from 'node:fs/promises'
import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { filePartitions } from '../../src/files/file-partitions.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('The files of a directory as partitions', () => {
  const folder = temporaryFolder()
  const long = (last: string) => `${'a very long name of a file '.repeat(5)}${last}.csv`

  before(async () => {
    for (const name of ['b.csv', 'a.csv', 'B.csv', 'c.txt', '.d.csv', long('1'), long('2'), ' '])
      await folder.file(name, 'x')
    await mkdir(folder.path('folder.csv'))
    await symlink(folder.path('a.csv'), folder.path('link.csv'))
    await symlink(folder.path('nowhere'), folder.path('broken.csv'))
  })

  const names = async (more: Omit<Parameters<typeof filePartitions>[0], 'directory'>) =>
    (await filePartitions({ directory: folder.path(''), ...more })).map(({ name }) => name)

  it('are named by their names, in order, with their absolute paths; folders, hidden files and dead links are none', async () => {
    const where = (name: string) => name.length < 20
    expect(await names({ suffix: '.csv', where })).to.deep.equal(['B.csv', 'a.csv', 'b.csv', 'link.csv'])
    const [first] = await filePartitions({ directory: folder.path(''), suffix: 'B.csv' })
    expect(first).to.deep.equal({ name: 'B.csv', value: folder.path('B.csv') })
  })

  it('are chosen by any of several suffixes, or by a predicate', async () => {
    expect(await names({ suffix: ['.txt', '/'] })).to.deep.equal(['c.txt'])
    expect(await names({ where: (name) => name.startsWith('c') })).to.deep.equal(['c.txt'])
  })

  it('have short names, each of its own, however long those of the files are', async () => {
    const partitions = await filePartitions({ directory: folder.path(''), suffix: ['1.csv', '2.csv', ' '] })
    expect(partitions.map(({ value }) => value)).to.deep.equal(
      [' ', long('1'), long('2')].map((name) => folder.path(name)),
    )
    const short = partitions.map(({ name }) => name)
    expect(new Set(short).size).to.equal(3)
    for (const name of short) expect(name.trim().length).to.be.within(1, 40)
    expect(short[1]).to.match(/^a very long name of a file ~[0-9a-f]{12}$/)
    expect(await names({ suffix: ['1.csv', '2.csv', ' '] })).to.deep.equal(short)
  })

  it('are refused where the directory cannot be read, which is named', async () => {
    const failure = await filePartitions({ directory: folder.path('missing') }).catch(
      (error: unknown) => error,
    )
    expect(isBatchError(failure, 'READ_FAILED')).to.equal(true)
    expect(String(failure)).to.contain(folder.path('missing'))
  })
})

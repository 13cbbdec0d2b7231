import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'

const ROOT = process.cwd()

interface SourceFile {
  readonly path: string
  readonly inside: readonly string[]
  readonly packages: readonly string[]
}

/** All of the core but the engine, which runs jobs: that is the operator's to do. */
const OPERATING = ['src/core/model/', 'src/core/ports/', 'src/core/definition/', 'src/core/operator/']

/** From the lowest floor to the highest. A file may import from its own floor's list only. */
const FLOORS: readonly { readonly folder: string; readonly mayImport: readonly string[] }[] = [
  { folder: 'src/core/model/', mayImport: [] },
  { folder: 'src/core/ports/', mayImport: ['src/core/model/'] },
  { folder: 'src/core/definition/', mayImport: ['src/core/model/', 'src/core/ports/'] },
  { folder: 'src/core/engine/', mayImport: ['src/core/model/', 'src/core/ports/', 'src/core/definition/'] },
  { folder: 'src/core/operator/', mayImport: ['src/core/'] },
  { folder: 'src/workers/', mayImport: ['src/core/', 'src/process/'] },
  { folder: 'src/process/', mayImport: ['src/core/model/', 'src/core/ports/'] },
  { folder: 'src/files/', mayImport: ['src/core/model/', 'src/core/ports/'] },
  { folder: 'src/delegation/', mayImport: ['src/core/model/', 'src/core/ports/'] },
  { folder: 'src/postgres/', mayImport: ['src/core/model/', 'src/core/ports/'] },
  { folder: 'src/kafka/', mayImport: ['src/core/model/', 'src/core/ports/'] },
  { folder: 'src/cassandra/', mayImport: ['src/core/model/', 'src/core/ports/'] },
  {
    folder: 'src/readers/',
    mayImport: [
      'src/core/model/',
      'src/core/ports/',
      'src/files/',
      'src/postgres/',
      'src/kafka/',
      'src/cassandra/',
    ],
  },
  {
    folder: 'src/writers/',
    mayImport: [
      'src/core/model/',
      'src/core/ports/',
      'src/files/',
      'src/postgres/',
      'src/kafka/',
      'src/cassandra/',
      'src/delegation/',
    ],
  },
  {
    folder: 'src/processors/',
    mayImport: ['src/core/model/', 'src/core/ports/', 'src/core/definition/'],
  },
  { folder: 'src/repository/memory/', mayImport: ['src/core/model/', 'src/core/ports/'] },
  {
    folder: 'src/repository/postgres/',
    mayImport: ['src/core/model/', 'src/core/ports/', 'src/postgres/', 'migrations/'],
  },
  { folder: 'src/repository/embedded/', mayImport: ['src/core/model/', 'src/process/'] },
  { folder: 'migrations/', mayImport: [] },
  // Runs jobs, on repositories that it makes itself.
  {
    folder: 'src/testing/',
    mayImport: [
      'src/core/',
      'src/process/',
      'src/repository/',
      'src/kafka/',
      'src/cassandra/',
      'src/create-batch.ts',
    ],
  },
  { folder: 'src/telemetry/', mayImport: ['src/core/model/', 'src/core/ports/', 'src/core/operator/'] },
  { folder: 'src/scheduling/', mayImport: [...OPERATING, 'src/process/'] },
  // What leaves the process as JSON, whoever asks for it.
  { folder: 'src/json/', mayImport: [...OPERATING, 'src/scheduling/'] },
  {
    folder: 'src/pool/',
    mayImport: [
      'src/core/model/',
      'src/core/ports/',
      'src/core/operator/',
      'src/json/',
      'src/process/',
      'src/workers/',
      'src/scheduling/',
      'src/telemetry/',
    ],
  },
  { folder: 'src/webhooks/', mayImport: ['src/core/model/', 'src/core/ports/', 'src/process/'] },
  {
    folder: 'src/http/',
    mayImport: [...OPERATING, 'src/json/', 'src/pool/', 'src/process/', 'src/scheduling/', 'src/webhooks/'],
  },
  { folder: 'src/cli/', mayImport: ['src/'] },
]

const FOLDERS_OF_ONE_FILE_EACH = ['src/readers/', 'src/writers/']

const CORE_PACKAGES = ['zod', 'fastest-levenshtein', 'pino']

describe('The floors of the house', () => {
  const files = sourceFiles('src').concat(sourceFiles('migrations'))

  it('have the files that this test believes they have', () => {
    for (const { folder } of FLOORS) {
      expect(
        files.some(({ path }) => path.startsWith(folder)),
        `no file in ${folder}`,
      ).to.equal(true)
    }
    const entries = files.filter(({ path }) => FLOORS.every(({ folder }) => !path.startsWith(folder)))
    expect(entries.map(({ path }) => path).toSorted()).to.deep.equal([
      'src/create-batch.ts',
      'src/index.ts',
      'src/ports.ts',
    ])
  })

  it('import downwards only, and adapters never import each other', () => {
    const upward = files.flatMap(({ path, inside }) => {
      const floor = FLOORS.find(({ folder }) => path.startsWith(folder))
      if (floor === undefined) return []
      const allowed = [
        ...floor.mayImport,
        ...(FOLDERS_OF_ONE_FILE_EACH.includes(floor.folder) ? [] : [floor.folder]),
      ]
      return inside
        .filter((target) => !allowed.some((folder) => target.startsWith(folder)))
        .map((target) => `${path} → ${target}`)
    })
    expect(upward).to.deep.equal([])
  })

  it('have no circle of imports', () => {
    const byPath = new Map(files.map((file) => [file.path, file]))
    const done = new Set<string>()
    const circle = (path: string, trail: readonly string[]): string | undefined => {
      if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' → ')
      if (done.has(path)) return undefined
      const found = (byPath.get(path)?.inside ?? [])
        .map((next) => circle(next, [...trail, path]))
        .find((one) => one !== undefined)
      done.add(path)
      return found
    }
    expect(files.map(({ path }) => circle(path, [])).filter((one) => one !== undefined)).to.deep.equal([])
  })

  it('keep drivers out of the core', () => {
    const foreign = files
      .filter(({ path }) => path.startsWith('src/core/'))
      .flatMap(({ path, packages }) =>
        packages
          .filter((one) => !one.startsWith('node:') && !CORE_PACKAGES.includes(one))
          .map((one) => `${path} → ${one}`),
      )
    expect(foreign).to.deep.equal([])
  })
})

function sourceFiles(folder: string): SourceFile[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  return names.map((name) => readSource(`${folder}/${name.replaceAll('\\', '/')}`))
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const specifiers = [...text.matchAll(/(?:^|\s)(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  )
  const resolve = (specifier: string) =>
    relative(ROOT, join(ROOT, dirname(path), specifier)).replaceAll('\\', '/')
  return {
    path,
    inside: specifiers.filter((one) => one.startsWith('.')).map(resolve),
    packages: specifiers.filter((one) => !one.startsWith('.')),
  }
}

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'

/** A sample of the README, by the comment above it. */
function sample(name: string): string {
  const readme = readFileSync('README.md', 'utf8')
  const found = new RegExp(`<!-- quick start: ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(
    readme,
  )?.[1]
  if (found === undefined) throw new Error(`README.md has no sample ${name}.`)
  return found
}

describe("The package in somebody else's project", function () {
  this.timeout(240_000)
  let folder: string
  let tarball: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchwright-package-'))
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    tarball = join(folder, (JSON.parse(packed) as { filename: string }[])[0]?.filename ?? '')
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  it('holds no tests, no benches and no data of the examples', () => {
    const files = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' }).trim().split('\n')
    const foreign = files.filter(
      (file) =>
        !/^package\/(dist\/(src|migrations)\/|docs\/.*\.md$|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(
          file,
        ),
    )
    expect(foreign).to.deep.equal([])
    expect(files).to.include('package/dist/src/index.d.ts')
    expect(files.filter((file) => file.endsWith('.tsbuildinfo'))).to.deep.equal([])
  })

  it('has a quick start of at most 40 lines that compiles and runs as the README says', function () {
    const project = join(folder, 'project with spaces')
    execFileSync('mkdir', [project])
    writeFileSync(join(project, 'package.json'), '{}')
    writeFileSync(join(project, 'jobs.ts'), sample('jobs.ts'))
    writeFileSync(join(project, 'trades.csv'), sample('trades.csv'))
    expect(sample('jobs.ts').trimEnd().split('\n')).to.have.lengthOf.at.most(40)

    const install = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball], {
      cwd: project,
      encoding: 'utf8',
    })
    if (install.status !== 0 && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(install.stderr)) {
      console.warn('      SKIPPED: no npm registry can be reached, so the package was not installed')
      return this.skip()
    }
    expect(install.status, install.stderr).to.equal(0)
    expect(installedPackages(project)).not.to.include.members(['mocha', 'chai', 'typescript'])

    compile(project)
    const [command = '', ...args] = sample('command').trim().split(' ')
    const run = () =>
      spawnSync(command, args, { cwd: project, encoding: 'utf8', env: { ...process.env, DATABASE_URL: '' } })
    const first = run()
    expect(first.status, first.stderr).to.equal(0)
    expect(first.stdout).to.match(/load\s+COMPLETED\s+3\s+2\s+1/)
    expect(run().status).to.equal(4)
    return undefined
  })
})

function installedPackages(project: string): readonly string[] {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>
  }
  return Object.keys(lock.packages).map((path) => path.replace(/^node_modules\//, ''))
}

/** With this checkout's compiler, as a library of the project's own would: what is inferred can be named from outside. */
function compile(project: string): void {
  const compiler = join(process.cwd(), 'node_modules', 'typescript', 'bin', 'tsc')
  const options = [
    '--declaration',
    '--emitDeclarationOnly',
    '--outDir',
    'declarations',
    '--rootDir',
    '.',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--skipLibCheck',
    'jobs.ts',
  ]
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...options], {
    cwd: project,
    encoding: 'utf8',
  })
  expect(status, stdout).to.equal(0)
}

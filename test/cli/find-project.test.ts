import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { findProject } from '../../src/cli/find-project.ts'
import { repositoryPlace } from '../../src/cli/repository-place.ts'
import { command, JOBS } from './command.ts'

const JOB = "{ kind: 'job', name: 'found', steps: {} }"

describe('The project of a command', () => {
  let root: string
  before(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'batchwright-project-')))
    await mkdir(join(root, 'deep/er'), { recursive: true })
    await writeFile(join(root, 'batchwright.config.ts'), `export default { jobs: [${JOB}] as const }`)
    await writeFile(
      join(root, 'one.ts'),
      `const job = ${JOB}\nexport default job\nexport const again = job\nexport const other = 5`,
    )
    await writeFile(join(root, 'many.ts'), `export const jobs = [${JOB}, ${JOB}]`)
  })
  after(() => rm(root, { recursive: true, force: true }))

  const names = async (options: Parameters<typeof findProject>[0], cwd = root) =>
    (await (await findProject(options, cwd)).jobs()).map(({ name }) => name)

  it('has its config in the working folder or above', async () => {
    const project = await findProject({}, join(root, 'deep/er'))
    expect(project.folder).to.equal(root)
    expect((await project.jobs()).map(({ name }) => name)).to.deep.equal(['found'])
  })

  it('has the config that is named', async () => {
    expect(await names({ config: '../batchwright.config.ts' }, join(root, 'deep'))).to.deep.equal(['found'])
  })

  it('takes every exported job of --jobs once', async () => {
    expect(await names({ jobs: ['one.ts'] })).to.deep.equal(['found'])
    expect(await names({ jobs: ['one.ts', 'many.ts'] })).to.have.lengthOf(3)
  })

  it('needs no config with --jobs', async () => {
    const { exitCode, stdout } = await command(['jobs', '--jobs', JOBS])
    expect(exitCode).to.equal(0)
    expect(stdout)
      .to.match(/^job +description\n/)
      .and.to.match(/^count +Counts from 1$/m)
  })

  it('without jobs says how they are named', async () => {
    const { exitCode, stderr } = await command(['jobs'])
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('No jobs are named').and.to.include('--jobs jobs.ts')
  })

  it('refuses a config that it does not understand', async () => {
    const faults = {
      'export default { jbos: [], jobs: [] }': 'jbos: no such option. Did you mean jobs?',
      'export default { jobs: [undefined] }': 'jobs must be a list of what defineJob returns',
      'export const config = 1': 'must export its config',
      'export default { jobs: 5 }': 'jobs is 5; it must be a list of jobs',
      'export default { jobs: [], tracing: "yes" }': "tracing is 'yes'; it must be true, false, or a Tracing",
      'export default { jobs: [], logLevel: "loud" }': "logLevel is 'loud'; it must be one of trace, debug",
      'export default { jobs: [], leaseMilliseconds: "30s" }':
        "leaseMilliseconds is '30s'; it must be a whole number",
      'export default { jobs: [], repository: "postgres://a:secret@b/c" }':
        "repository is a text; it must be 'memory', { connection: 'postgres://…' }",
      'export default { jobs: [], repository: null }': 'repository is null; it must be',
      'export default { jobs: [], repository: { poolSize: 0 } }':
        'repository.poolSize is 0; it must be a whole number',
      'export default { jobs: [], repository: { connection: 5 } }':
        'repository.connection is 5; it must be a text',
      'export default { jobs: [], repository: { shcema: "a" } }':
        'repository.shcema: no such option. Did you mean repository.schema?',
      'export const jobs = []; export const logLevel = 5': 'logLevel is 5; it must be one of',
      'throw null': 'could not be loaded: null',
    }
    for (const [index, [text, said]] of Object.entries(faults).entries()) {
      const config = join(root, `odd-${index}.config.ts`)
      await writeFile(config, text)
      const error = await names({ config }).catch((caught: unknown) => caught)
      expect(error).to.have.property('code', 'INVALID_CONFIGURATION')
      expect(error).to.have.property('message').that.includes(said)
    }
  })

  it('shows its jobs without a database, in a table', async () => {
    const { stdout } = await command(['describe', 'count', '--jobs', JOBS])
    expect(stdout).to.match(/\nto +integer +yes +\(must be given\) +the last number\n/)
    expect(stdout).to.match(/\nday +date +yes +\(optional\)\n/)
    expect(stdout).to.match(/\nregion +EU \| US +yes +EU\n/)
    expect(stdout).to.include('\nexample: batchwright run count to=1\n')
  })
})

describe('The place of the repository', () => {
  const place = (
    repository: Parameters<typeof repositoryPlace>[0]['config']['repository'],
    environment = {},
  ) =>
    repositoryPlace(
      {
        folder: '/app',
        config: { jobs: [], ...(repository === undefined ? {} : { repository }) },
        configFile: null,
        namesJobs: true,
        jobs: async () => [],
        schedules: async () => [],
      },
      environment,
    )

  it('is the embedded Postgres beside the config by default', () => {
    expect(place(undefined)).to.deep.equal({
      kind: 'embedded',
      directory: join('/app', '.batchwright', 'postgres'),
      tables: {},
    })
    expect(place({ directory: 'data' }, { DATABASE_URL: 'postgres://app' })).to.include({ kind: 'embedded' })
  })

  it('is where BATCHWRIGHT_DATABASE_URL, then the config, then DATABASE_URL says', () => {
    const both = { BATCHWRIGHT_DATABASE_URL: 'postgres://ours', DATABASE_URL: 'postgres://app' }
    expect(place('memory', both)).to.include({ connection: 'postgres://ours' })
    expect(place('memory', { DATABASE_URL: 'postgres://app' })).to.deep.equal({ kind: 'memory' })
    const configured = { connection: 'postgres://configured' }
    expect(place(configured, { DATABASE_URL: 'postgres://app' })).to.include(configured)
    expect(place(undefined, { DATABASE_URL: 'postgres://app' })).to.include({ connection: 'postgres://app' })
    expect(place(undefined, { DATABASE_URL: '' })).to.include({ kind: 'embedded' })
  })

  it('takes schema and prefix from the environment before the config', () => {
    const { tables } = place(
      { schema: 'a', tablePrefix: 'b_', poolSize: 3 },
      { BATCHWRIGHT_SCHEMA: 'c' },
    ) as {
      tables: object
    }
    expect(tables).to.deep.equal({ schema: 'c', tablePrefix: 'b_', poolSize: 3 })
  })
})

import { writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { command, IN_MEMORY, jsonOf } from './command.ts'

describe('The parameters of a run', () => {
  const folder = temporaryFolder()
  const run = (args: readonly string[], input?: string) =>
    command([...IN_MEMORY, 'run', 'count', ...args], input === undefined ? {} : { input })
  const recorded = async (args: readonly string[], input?: string) => {
    const end = await run([...args, '--json'], input)
    expect(end.exitCode, end.stderr).to.equal(0)
    const parameters = jsonOf(end)['jobParameters'] as Record<string, { readonly value: string }>
    return Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value]))
  }
  async function file(text: string): Promise<string> {
    const path = folder.path('parameters.json')
    await writeFile(path, text)
    return path
  }

  it('come from a file, and those on the line before it', async () => {
    const path = await file('{ "to": 12, "region": "US", "day": "2026-01-31" }')
    const parameters = await recorded(['--params', path, 'to=3'])
    expect(parameters).to.deep.equal({ to: '3', region: 'US', day: '2026-01-31', pause: '0' })
  })

  it('come from standard input with --params -', async () => {
    const parameters = await recorded(['--params', '-'], '{ "to": 4, "region": "US" }')
    expect(parameters).to.deep.equal({ to: '4', region: 'US', pause: '0' })
  })

  it('are JSON after :=, where null leaves out what the file gives', async () => {
    const given = '{ "to": 4, "day": "2026-01-31" }'
    const parameters = await recorded(['--params', '-', 'day:=null', 'region:="\\u0055S"'], given)
    expect(parameters).to.deep.equal({ to: '4', region: 'US', pause: '0' })
  })

  it('are refused with 2, with the key and the place where they stand', async () => {
    const mistakes = [
      { text: '{ "too": 5 }', said: 'too: no such parameter. Did you mean to?\n' },
      { text: '{ "to": "many" }', said: 'to: expected a number, got "many"\n  (to: from standard input)' },
      { text: '{ "to": 1, "region": "XX" }', said: '(region: from standard input)' },
      { text: '{ "to": [1] }', said: 'to in standard input must be a text, a number, true, false or null' },
      { text: '[1]', said: 'the parameters in standard input must be an object' },
      { text: '12', said: 'the parameters in standard input must be an object' },
      { text: '{ "to": ', said: 'the parameters in standard input cannot be read' },
      { text: '', said: 'the parameters in standard input cannot be read' },
    ]
    const refuse = async ({ text, said }: (typeof mistakes)[number]) => {
      const { exitCode, stdout, stderr } = await run(['--params', '-'], text)
      expect({ text, exitCode, stdout }).to.deep.equal({ text, exitCode: 2, stdout: '' })
      expect(stderr).to.include(said)
    }
    await Promise.all(mistakes.map(refuse))
  })

  it('name the file only where it is at fault, also in JSON', async () => {
    const path = await file('{ "day": "never", "region": "EU" }')
    const { exitCode, stdout } = await run(['--params', path, 'to=x', '--json'])
    expect(exitCode).to.equal(2)
    expect(stdout).to.include('to: expected a number').and.not.include('from')
    const { error } = jsonOf(await run(['--params', path, 'to=1', '--json'])) as {
      error: { code: string; details: Record<string, unknown> }
    }
    expect(error.code).to.equal('INVALID_JOB_PARAMETERS')
    expect(error.details)
      .to.include({ file: path })
      .and.deep.include({ keys: ['day'] })
  })

  it('are refused when the file is not in UTF-8', async () => {
    const path = folder.path('latin1.json')
    await writeFile(path, Buffer.from('{ "region": "M\u00fcnchen" }', 'latin1'))
    const { exitCode, stderr } = await run(['--params', path, 'to=1', 'day=2026-01-31'])
    expect([exitCode, stderr.includes('latin1.json cannot be read')]).to.deep.equal([2, true])
  })

  it('are refused when the file is not there, and when what follows := is no JSON', async () => {
    const missing = await run(['--params', folder.path('missing.json')])
    expect([missing.exitCode, missing.stderr.includes('missing.json cannot be read')]).to.deep.equal([
      2,
      true,
    ])
    const broken = await run(['to:=five'])
    expect(broken.exitCode).to.equal(2)
    expect(broken.stderr).to.include('what follows := in "to:=five" is no JSON')
  })
})

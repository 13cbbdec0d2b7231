import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { projectTracing } from '../../src/cli/project-tracing.ts'
import { openTelemetryTracing } from '../../src/telemetry/open-telemetry.ts'
import { command, FIXTURES } from './command.ts'

describe('The tracing of a project', () => {
  it('is OpenTelemetry where the config says so, with the SDK that the process has set up', async () => {
    const printer = pathToFileURL(resolve('dist/test/cli/span-printer.js')).href
    const { exitCode, stderr } = await command(
      ['run', 'traced', '--config', resolve(FIXTURES, 'traced.config.ts')],
      {
        environment: { NODE_OPTIONS: `--import ${printer}` },
      },
    )
    expect(exitCode, stderr).to.equal(0)
    expect(stderr.split('\n').filter((line) => line.startsWith('span: '))).to.deep.equal([
      'span: step only',
      'span: job traced',
    ])
  })

  it('is none, or one of its own, where the config says that', () => {
    const tracing = openTelemetryTracing()
    expect(projectTracing({ jobs: [] })).to.deep.equal({})
    expect(projectTracing({ jobs: [], tracing: false })).to.deep.equal({})
    expect(projectTracing({ jobs: [], tracing }).tracing).to.equal(tracing)
  })
})

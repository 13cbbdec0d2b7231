import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { PYTHON_NEEDS } from '../../scripts/services/machine-needs.ts'
import { pythonWithTools } from '../../scripts/services/python-tools.ts'
import { type ProgramEnd, runProgram } from '../../scripts/services/run-program.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { describeWithPrograms } from '../servers/describe-with-servers.ts'
import { RECIPES } from './recipe-project.ts'

/** The oldest and the newest that have all that the recipes use: limits by index came with 1.33. */
const VERSIONS = ['1.33', '1.37']
const INSTALLING_MILLISECONDS = 300_000

describeWithPrograms('The recipes for Kubernetes, beside its published schema', PYTHON_NEEDS, () => {
  const folder = temporaryFolder()
  let python: string

  before(async function () {
    this.timeout(INSTALLING_MILLISECONDS)
    python = await pythonWithTools()
  })

  const validate = (file: string, version: string): Promise<ProgramEnd> =>
    runProgram([python, '-m', 'kubernetes_validate', '--strict', '--kubernetes-version', version, file])

  for (const name of ['cronjob.yaml', 'indexed-job.yaml']) {
    it(`has a ${name} without a field that is not known, or of another kind`, async () => {
      for (const version of VERSIONS) {
        const { exitCode, output } = await validate(join(RECIPES, name), version)
        expect(exitCode, output).to.equal(0)
      }
    })
  }

  it('would tell a misspelt field', async () => {
    const recipe = await readFile(join(RECIPES, 'cronjob.yaml'), 'utf8')
    await writeFile(folder.path('wrong.yaml'), recipe.replace('onExitCodes', 'onExitcodes'))
    const { exitCode, output } = await validate(folder.path('wrong.yaml'), VERSIONS[0] ?? '')
    expect(output).to.include("'onExitcodes' was unexpected")
    expect(exitCode).to.equal(1)
  })
})

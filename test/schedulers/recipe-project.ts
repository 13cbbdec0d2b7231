/** The project that the recipes of docs/schedulers speak of as /srv/batch, in a folder of its own. */
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { environmentOf } from '../cli/command.ts'
import type { TestDatabase } from '../embedded-postgres.ts'

export const RECIPES: string = resolve('examples/schedulers')

const PROJECT = '/srv/batch'
const CONFIG = `import { defineConfig } from 'batchwright'
import { endOfDay, load } from './jobs.ts'

export default defineConfig({ jobs: [endOfDay, load] })
`

/** With what `npm install batchwright` makes of it, and the database's address in the file `environment`. */
export async function makeRecipeProject(folder: string, database: TestDatabase): Promise<void> {
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '.bin'), { recursive: true })
  await mkdir(join(folder, 'log'))
  await symlink(resolve('.'), join(modules, 'batchwright'))
  await symlink(resolve('node_modules/zod'), join(modules, 'zod'))
  const command = `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist/src/cli/bin.js')}' "$@"\n`
  await writeFile(join(modules, '.bin/batchwright'), command)
  await chmod(join(modules, '.bin/batchwright'), 0o755)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'batchwright.config.ts'), CONFIG)
  await copyFile('test/schedulers/fixtures/jobs.ts', join(folder, 'jobs.ts'))
  const variables = Object.entries(environmentOf(database)).map(([name, value]) => `${name}='${value}'\n`)
  await writeFile(join(folder, 'environment'), variables.join(''))
}

/** The text of a recipe's file, for a project in that folder. */
export async function recipe(name: string, folder: string): Promise<string> {
  return (await readFile(join(RECIPES, name), 'utf8')).replaceAll(PROJECT, folder)
}

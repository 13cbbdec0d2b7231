/** Whether there is a config, and whether its jobs can be loaded and run. */
import { findFaults } from '../../core/operator/job-registry.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { configuredWebhooks } from '../configured-webhooks.ts'
import type { Project } from '../find-project.ts'
import { failed, type Finding, ok, problem, warning } from './finding.ts'

export interface CheckedProject {
  readonly findings: readonly Finding[]
  /** Undefined where its config cannot be read: then nobody knows which database is meant. */
  readonly project: Project | undefined
}

export async function checkProject(context: CommandContext): Promise<CheckedProject> {
  try {
    const project = await projectOf(context)
    const { configFile, folder } = project
    const config = ok('config', configFile ?? `none; the project is ${folder}`)
    return {
      project,
      findings: [config, ...(await checkJobs(project)), ...(await checkWebhooks(context, project))],
    }
  } catch (error) {
    return { project: undefined, findings: [failed('config', error)] }
  }
}

async function checkJobs(project: Project): Promise<readonly Finding[]> {
  if (!project.namesJobs)
    return [
      warning(
        'jobs',
        'none are named: there is nothing to run here',
        'make a batchwright.config.ts, or name a file that exports jobs: --jobs jobs.ts',
      ),
    ]
  try {
    const jobs = await project.jobs()
    const faults = findFaults(jobs)
    if (faults.length > 0)
      return faults.map((fault) =>
        problem('jobs', 2, fault, 'mend the definition; batchwright check shows this too'),
      )
    return [ok('jobs', `${jobs.length} can be run: ${jobs.map(({ name }) => name).join(', ')}`)]
  } catch (error) {
    return [failed('jobs', error)]
  }
}

/** Nothing is sent. */
async function checkWebhooks(context: CommandContext, project: Project): Promise<readonly Finding[]> {
  if ((project.config.webhooks ?? []).length === 0) return []
  try {
    const endpoints = configuredWebhooks(context, project, await project.jobs())
    return [ok('webhooks', endpoints.map(({ name, origin }) => `${name} to ${origin}`).join(', '))]
  } catch (error) {
    return [failed('webhooks', error)]
  }
}

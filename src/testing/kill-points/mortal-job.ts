/** A job whose readers, writers, callbacks and listeners die with their process. */
import type { StepScope } from '../../core/definition/callback-scope.ts'
import type { JobDefinition, Steps } from '../../core/definition/define-job.ts'
import type {
  ChunkStepDefinition,
  PartitionedStepDefinition,
  StepDefinition,
  TaskletStepDefinition,
} from '../../core/definition/step-definition.ts'
import type { KillSwitch } from './kill-switch.ts'
import { mortalListener } from './mortal-listener.ts'
import { mortalReader } from './mortal-reader.ts'
import { mortalWriter } from './mortal-writer.ts'

export function mortalJob(life: KillSwitch, job: JobDefinition): JobDefinition {
  const made = new Map<JobDefinition, JobDefinition>()
  /** A child that two steps run stays one job. */
  const mortal = (one: JobDefinition): JobDefinition => {
    const known = made.get(one)
    if (known !== undefined) return known
    const dying = {
      ...one,
      listeners: one.listeners.map((listener) => mortalListener(life, 'job', listener)),
      steps: mortalSteps(life, one.steps, mortal),
    }
    made.set(one, dying)
    return dying
  }
  return mortal(job)
}

type MakeMortal = (job: JobDefinition) => JobDefinition

function mortalSteps(life: KillSwitch, steps: Steps, children: MakeMortal): Steps {
  return Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [name, mortalStep(life, step, children)]),
  )
}

function mortalStep(life: KillSwitch, step: StepDefinition, children: MakeMortal): StepDefinition {
  switch (step.kind) {
    case 'chunk':
      return mortalChunkStep(life, step)
    case 'tasklet':
      return mortalTasklet(life, step)
    case 'partitioned':
      return mortalPartitionedStep(life, step)
    case 'job':
      return { ...step, job: children(step.job as JobDefinition) }
    default:
      return step satisfies never
  }
}

function mortalChunkStep(life: KillSwitch, step: ChunkStepDefinition): ChunkStepDefinition {
  const { processor } = step
  return {
    ...step,
    reader: (scope) => mortalReader(life, stepOf(scope), step.reader(scope)),
    processor:
      processor &&
      ((item, scope) => {
        life.assertAlive()
        return processor(item, scope)
      }),
    writer: (scope) =>
      mortalWriter(life, stepOf(scope), () => chunkAtHand(life, scope, 'chunk'), step.writer(scope)),
    listeners: step.listeners.map((one) => mortalListener(life, 'step', one)),
  }
}

function mortalPartitionedStep(life: KillSwitch, step: PartitionedStepDefinition): PartitionedStepDefinition {
  const { aggregate } = step
  const { listeners = [] } = step.options
  return {
    ...step,
    options: { ...step.options, listeners: listeners.map((one) => mortalListener(life, 'step', one)) },
    partitions: (scope) => life.whileAlive(async () => step.partitions(scope)),
    aggregate:
      aggregate &&
      (async (scope) => {
        const where = `${stepOf(scope)}, aggregation`
        life.pass('before tasklet', where)
        await life.whileAlive(async () => aggregate(scope))
        life.pass('after tasklet', where)
      }),
    chunk: mortalChunkStep(life, step.chunk),
  }
}

function mortalTasklet(life: KillSwitch, step: TaskletStepDefinition): TaskletStepDefinition {
  const { listeners = [] } = step.options
  return {
    ...step,
    options: { ...step.options, listeners: listeners.map((one) => mortalListener(life, 'step', one)) },
    tasklet: async (scope) => {
      const where = chunkAtHand(life, scope, 'turn')
      life.pass('before tasklet', where)
      const answer = await life.whileAlive(async () => step.tasklet(scope))
      life.pass('after tasklet', where)
      return answer
    },
  }
}

function stepOf({ stepExecution }: StepScope<unknown>): string {
  return `step ${stepExecution.stepName}`
}

function chunkAtHand(life: KillSwitch, scope: StepScope<unknown>, word: 'chunk' | 'turn'): string {
  const committed = life.commits.get(scope.stepExecution.stepName) ?? 0
  return `${stepOf(scope)}, ${word} ${committed + 1}`
}

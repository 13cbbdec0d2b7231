/** What a writer guarantees on the repository at hand. */
import type { Guarantee, ItemWriter } from '../ports/item-writer.ts'
import type { JobRepository } from '../ports/job-repository.ts'

/** The writer's own guarantee, or what is left of it on this repository. */
export function effectiveGuarantee(
  writer: ItemWriter<never>,
  repository: Pick<JobRepository, 'transactionHas'>,
): { readonly guarantee: Guarantee; readonly lacks: string | undefined } {
  const { needs } = writer
  if (needs === undefined || repository.transactionHas(needs.resource))
    return { guarantee: writer.guarantee, lacks: undefined }
  return { guarantee: needs.fallback, lacks: needs.resource.name }
}

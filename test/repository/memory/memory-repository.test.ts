import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { jobRepositoryContract } from '../../../src/testing/contracts/job-repository.ts'

describe('The in-memory job repository', () => {
  for (const { promise, check } of jobRepositoryContract(async () => memoryRepository())) it(promise, check)
})

/** For tests: the contract suites with which readers, writers and repositories prove themselves, ours and others'. */
export type { ContractCase } from './contract.ts'
export { itemReaderContract, type ItemReaderSubject } from './contracts/item-reader.ts'
export { itemWriterContract, type ItemWriterSubject, type ItemWriterTraits } from './contracts/item-writer.ts'
export { jobRepositoryContract } from './contracts/job-repository.ts'

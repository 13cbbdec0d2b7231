/** Processors to build with: `import { composeProcessors, validated } from 'batchwright/processors'`. */
export { classify } from './classify.ts'
export { composeProcessors } from './compose-processors.ts'
export { filter } from './filter.ts'
export { peek } from './peek.ts'
export { validated, type ValidatedOptions } from './validated.ts'

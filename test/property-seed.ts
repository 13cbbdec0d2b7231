/**
 * Property tests begin with a random seed, which a failure prints. `BATCHWRIGHT_TEST_SEED` sets it: for `.ci/run`, whose
 * answer must depend on the change alone, and to see a failure again.
 */
import fc from 'fast-check'

const seed = process.env['BATCHWRIGHT_TEST_SEED']
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) })

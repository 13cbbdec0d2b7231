import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { loadDriver } from '../../src/kafka/load-driver.ts'

async function failure(load: () => Promise<unknown>): Promise<Error> {
  try {
    await loadDriver(load)
  } catch (error) {
    return error as Error
  }
  throw new Error('it was loaded')
}

describe('loadDriver', () => {
  it('says how to install a package that is missing', async () => {
    const error = await failure(() =>
      Promise.reject(
        Object.assign(new Error("Cannot find package '@confluentinc/kafka-javascript'"), {
          code: 'ERR_MODULE_NOT_FOUND',
        }),
      ),
    )
    expect(isBatchError(error, 'OPTIONAL_PACKAGE_MISSING')).to.equal(true)
    expect(error.message).to.include('"npm install @confluentinc/kafka-javascript"')
  })

  it('says how to mend a package that cannot be loaded', async () => {
    const error = await failure(() => Promise.reject(new Error('Could not locate the bindings file')))
    expect(isBatchError(error, 'OPTIONAL_PACKAGE_MISSING')).to.equal(true)
    expect(error.message).to.include('"npm rebuild @confluentinc/kafka-javascript"')
  })

  it('finds the driver in both kinds of modules', async () => {
    const RdKafka = { KafkaConsumer: class {} }
    expect(await loadDriver(() => Promise.resolve({ RdKafka }))).to.equal(RdKafka)
    expect(await loadDriver(() => Promise.resolve({ default: { RdKafka } }))).to.equal(RdKafka)
  })
})

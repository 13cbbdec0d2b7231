/** Lightweight transactions: what their answers mean, and what is true where there was none. */
import { BatchError } from '../../core/model/batch-error.ts'
import type {
  CassandraMutation,
  CassandraRow,
  CassandraSession,
  CqlValue,
  SerialConsistency,
} from '../cassandra-client.ts'
import type { CqlType } from '../cql-type.ts'
import { storeValue, type StoredValue } from '../stored-value.ts'
import { describeName } from '../table-name.ts'

/**
 * Whether a conditional write whose answer was lost is done: `yes`; `no`, and it can be tried again; or its condition does not
 * `hold`, and it never will be. Read at SERIAL, which finishes what is half done.
 */
export type Aftermath = 'yes' | 'no' | 'does not hold'

export async function aftermath(
  session: CassandraSession,
  mutation: CassandraMutation,
  consistency: SerialConsistency,
): Promise<Aftermath> {
  const { table, operation, condition, columns } = mutation.shape
  const row = await findRow(session, mutation, consistency)
  if (operation === 'delete') return row === undefined ? 'yes' : 'no'
  const isWritten =
    row !== undefined &&
    columns.every(({ name }, index) => {
      const column = table.columns.find((one) => one.name === name)
      const wanted = mutation.values[index]
      return column === undefined || wanted === undefined || isSame(row[name] ?? null, wanted, column.type)
    })
  if (isWritten) return 'yes'
  return (row !== undefined) === (condition === 'exists') ? 'no' : 'does not hold'
}

async function findRow(
  session: CassandraSession,
  { shape, key }: CassandraMutation,
  consistency: SerialConsistency,
): Promise<CassandraRow | undefined> {
  const { table } = shape
  const count = table.partitionKey.length
  let page: string | undefined
  do {
    const answer = await session.select({
      table,
      columns: table.columns.map(({ name }) => name),
      from: { by: 'partition', key: key.slice(0, count), equals: key.slice(count) },
      fetchSize: 1,
      consistency,
      ...(page !== undefined && { page }),
    })
    if (answer.rows[0] !== undefined) return answer.rows[0]
    page = answer.next
  } while (page !== undefined)
  return undefined
}

/** An empty collection and none are the same to Cassandra, and so is the order of a set. */
function isSame(found: CqlValue, wanted: CqlValue, type: CqlType): boolean {
  const text = (value: CqlValue): string => JSON.stringify(inOrder(storeValue(value, type), type))
  return text(found) === text(wanted)
}

function inOrder(value: StoredValue, type: CqlType): StoredValue {
  if (!Array.isArray(value)) return value
  if (value.length === 0) return null
  const isUnordered = type.kind === 'set' || type.kind === 'map'
  return isUnordered ? value.map((one) => JSON.stringify(one)).toSorted() : (value as StoredValue)
}

export function doesNotHold({ shape }: CassandraMutation): BatchError {
  const reason = shape.condition === 'exists' ? 'it is not there' : 'it is there already'
  return new BatchError(
    'WRITE_FAILED',
    `the row in table ${describeName(shape.table)} was not written: ${reason} (condition '${shape.condition}')`,
    { details: { table: describeName(shape.table), condition: shape.condition } },
  )
}

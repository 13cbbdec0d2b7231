import { expect } from 'chai'
import type { PageSource, RawPage } from '../../src/postgres/page-source.ts'
import { prefetchedRows } from '../../src/postgres/row-stream.ts'

/** Three pages of two rows; what is fetched is noted. */
function pages(): { readonly source: PageSource; readonly fetched: string[] } {
  const fetched: string[] = []
  const fetch = async (after: readonly string[] | undefined): Promise<RawPage> => {
    const from = Number(after?.[0] ?? 0)
    fetched.push(`behind ${from}`)
    if (from === 4) throw new Error('the third page is broken')
    return { rows: [[String(from + 1)], [String(from + 2)]], isLast: false }
  }
  return { fetched, source: { fields: [], keysOf: (row) => row as readonly string[], fetch } }
}

describe('Prefetched rows', () => {
  it('ask for the next page when the first row of this one is wanted, and not before', async () => {
    const { source, fetched } = pages()
    const rows = prefetchedRows(source, undefined)
    expect(fetched).to.deep.equal(['behind 0'])
    expect(await rows.peek(1)).to.deep.equal([['1']])
    expect(fetched).to.deep.equal(['behind 0', 'behind 2'])
    rows.advance(1)
    expect(await rows.peek(9)).to.deep.equal([['2']])
    expect(fetched).to.have.length(2)
  })

  it('fail where the broken page begins, and not when it was fetched', async () => {
    const { source } = pages()
    const rows = prefetchedRows(source, ['2'])
    expect(await rows.peek(9)).to.deep.equal([['3'], ['4']])
    rows.advance(2)
    const error: unknown = await rows.peek(9).catch((reason: unknown) => reason)
    expect(error).to.have.property('message', 'the third page is broken')
  })

  it('go on with what was not used', async () => {
    const rows = prefetchedRows(pages().source, undefined)
    await rows.peek(2)
    rows.advance(1)
    expect(await rows.peek(2)).to.deep.equal([['2']])
  })
})

/** `batchwright help exit-codes` */
import { EXIT_CODES } from '../../core/operator/exit-code.ts'
import { renderTable } from '../render-table.ts'

export function exitCodesHelp(): string {
  const lines = renderTable(
    [
      { title: 'code', text: ({ code }) => code },
      { title: 'meaning', text: ({ meaning }) => meaning },
      { title: 'does a retry help?', text: ({ retry }) => retry },
    ],
    EXIT_CODES,
  )
  return `${lines.join('\n')}\n`
}

/** Rows of text as a table for terminals: a header, columns as wide as they must be, nothing drawn. */
import { terminalLine } from './terminal-text.ts'

export interface Column<R> {
  readonly title: string
  readonly text: (row: R) => string
  /** @default 'left' */
  readonly align?: 'left' | 'right'
}

/** One line per row, the header first. A column in which every row is empty is left out. */
export function renderTable<R>(columns: readonly Column<R>[], rows: readonly R[]): readonly string[] {
  const shown = columns.filter(({ text }) => rows.some((row) => text(row) !== ''))
  const cells = [
    shown.map(({ title }) => title),
    ...rows.map((row) => shown.map(({ text }) => terminalLine(text(row)))),
  ]
  const widths = shown.map((_, index) => Math.max(...cells.map((line) => (line[index] ?? '').length)))
  return cells.map((line) =>
    line
      .map((cell, index) => pad(cell, widths[index] ?? 0, shown[index]?.align))
      .join('  ')
      .trimEnd(),
  )
}

function pad(cell: string, width: number, align: 'left' | 'right' = 'left'): string {
  return align === 'right' ? cell.padStart(width) : cell.padEnd(width)
}

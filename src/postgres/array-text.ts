/** Reads Postgres's array literals: `{1,NULL,"a \"quoted\" one"}`, nested, with bounds in front if they are not from 1. */

export type ArrayValue<T> = readonly (T | null | ArrayValue<T>)[]

/** @throws SyntaxError for text that is no array literal. */
export function parseArrayText<T>(
  text: string,
  delimiter: string,
  parse: (element: string) => T,
): ArrayValue<T> {
  const begin = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const cursor = { text, at: begin, delimiter }
  const array = parseNested(cursor, parse)
  if (cursor.at !== text.length) throw malformed(cursor)
  return array
}

interface Cursor {
  readonly text: string
  readonly delimiter: string
  at: number
}

function parseNested<T>(cursor: Cursor, parse: (element: string) => T): ArrayValue<T> {
  if (cursor.text[cursor.at] !== '{') throw malformed(cursor)
  cursor.at++
  const array: (T | null | ArrayValue<T>)[] = []
  if (cursor.text[cursor.at] === '}') {
    cursor.at++
    return array
  }
  for (;;) {
    array.push(parseElement(cursor, parse))
    const next = cursor.text[cursor.at++]
    if (next === '}') return array
    if (next !== cursor.delimiter) throw malformed(cursor)
  }
}

function parseElement<T>(cursor: Cursor, parse: (element: string) => T): T | null | ArrayValue<T> {
  const { text, at } = cursor
  if (text[at] === '{') return parseNested(cursor, parse)
  if (text[at] === '"') return parse(takeQuoted(cursor))
  let end = at
  while (end < text.length && text[end] !== '}' && text[end] !== cursor.delimiter) end++
  cursor.at = end
  const plain = text.slice(at, end)
  return plain === 'NULL' ? null : parse(plain)
}

function takeQuoted(cursor: Cursor): string {
  const { text } = cursor
  let taken = ''
  for (let at = cursor.at + 1; at < text.length; at++) {
    if (text[at] === '"') {
      cursor.at = at + 1
      return taken
    }
    if (text[at] === '\\') at++
    taken += text[at] ?? ''
  }
  throw malformed(cursor)
}

function malformed({ text, at }: Cursor): SyntaxError {
  return new SyntaxError(`no Postgres array literal, from character ${at + 1} on: ${text.slice(0, 80)}`)
}

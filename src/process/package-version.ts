/** Which version of batchwright this is. */
import { readFileSync } from 'node:fs'

/** As its `package.json` says, which stands above the compiled code. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

/** How the bytes of a text file become text, and whether they can be told apart before they do. */
import { isAscii, isUtf8 } from 'node:buffer'
import { BatchError, type BatchErrorCode } from '../core/model/batch-error.ts'

export interface TextEncoding {
  readonly name: string
  /** Whether a character may be more than one byte in the bytes that `decode` gets. */
  readonly multibyte: boolean
  /** Undefined where a byte has no meaning in this encoding. */
  readonly decode: (bytes: Buffer, from: number, to: number) => string | undefined
  /** The same with U+FFFD in place of such bytes, for messages. */
  readonly decodeLossy: (bytes: Buffer, from: number, to: number) => string
  /**
   * Set where a byte that looks like a newline or a quote may be part of a character, as in UTF-16 and Shift JIS. The
   * file then goes through it first, `decode` and all offsets mean the UTF-8 it gives, and a restart replays the file.
   */
  readonly transcoder?: () => (block: Uint8Array | undefined) => Buffer
}

const SINGLE_BYTE =
  /^(ibm866|iso-8859-(2|3|4|5|6|7|8|8-i|10|13|14|15|16)|koi8-[ru]|macintosh|windows-(874|125[0-8])|x-mac-cyrillic)$/
const LATIN1 = /^(latin-?1|iso-?8859-1)$/
// Windows-1252's own characters; `\ufffd` where it has none. Node 20's TextDecoder takes it for Latin-1
// (nodejs/node#56542), so it is done here.
const WINDOWS_1252 = '€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ'
const REPLACED = '\ufffd'

/** @throws BatchError with `code` where Node cannot decode it. */
export function textEncoding(label: string, code: BatchErrorCode): TextEncoding {
  const name = label.toLowerCase()
  if (name === 'utf-8' || name === 'utf8') return utf8
  if (name === 'ascii' || name === 'us-ascii') return ascii
  if (LATIN1.test(name)) return singleByte('iso-8859-1', latin1)
  if (name === 'windows-1252' || name === 'cp1252') return singleByte('windows-1252', windows1252)
  const decoder = textDecoder(name, code)
  if (!SINGLE_BYTE.test(decoder.encoding)) return transcoded(decoder.encoding)
  return singleByte(decoder.encoding, (bytes, from, to) => decoder.decode(bytes.subarray(from, to)))
}

export const utf8: TextEncoding = {
  name: 'utf-8',
  multibyte: true,
  decode: (bytes, from, to) =>
    isUtf8(bytes.subarray(from, to)) ? bytes.toString('utf8', from, to) : undefined,
  decodeLossy: (bytes, from, to) => bytes.toString('utf8', from, to),
}

const ascii: TextEncoding = {
  name: 'ascii',
  multibyte: false,
  decode: (bytes, from, to) => (isAscii(bytes.subarray(from, to)) ? latin1(bytes, from, to) : undefined),
  decodeLossy: (bytes, from, to) => latin1(bytes, from, to).replace(/[^\0-\x7f]/g, REPLACED),
}

function singleByte(name: string, decodeLossy: TextEncoding['decodeLossy']): TextEncoding {
  return { name, multibyte: false, decode: refusingReplaced(decodeLossy), decodeLossy }
}

function transcoded(name: string): TextEncoding {
  const transcoder = () => {
    const decoder = new TextDecoder(name)
    return (block: Uint8Array | undefined) =>
      Buffer.from(block ? decoder.decode(block, { stream: true }) : decoder.decode(), 'utf8')
  }
  return { ...utf8, name, decode: refusingReplaced(utf8.decodeLossy), transcoder }
}

function refusingReplaced(decodeLossy: TextEncoding['decodeLossy']): TextEncoding['decode'] {
  return (bytes, from, to) => {
    const text = decodeLossy(bytes, from, to)
    return text.includes(REPLACED) ? undefined : text
  }
}

function latin1(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to)
}

function windows1252(bytes: Buffer, from: number, to: number): string {
  return latin1(bytes, from, to).replace(/[\x80-\x9f]/g, (byte) =>
    WINDOWS_1252.charAt(byte.charCodeAt(0) - 0x80),
  )
}

function textDecoder(label: string, code: BatchErrorCode): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(label)
  } catch (cause) {
    const message = `encoding ${JSON.stringify(label)} is not one that this Node decodes: use a name such as 'utf-8', 'windows-1252' or 'utf-16le'`
    throw new BatchError(code, message, { cause, details: { encoding: label } })
  }
}

/** Text as a terminal may be given it: names, parameters and messages come from whoever may launch, and a terminal obeys what it is sent. */

/** With what would make it a colour, if it is ESC. */
const CONTROL = /(\p{Cc})(\[[\d;]*m)?/gu
const ESCAPE = '\u001B'
const FIRST_PICTURE = 0x2400
const DELETE = '\u007F'

/** With a picture in place of each control character, `␛` for ESC; not of line breaks, tabs, and the colours that we print ourselves. */
export function terminalText(text: string): string {
  return text.replace(CONTROL, (whole, control: string, colour = '') => {
    const isMeant = control === '\n' || control === '\t' || (control === ESCAPE && colour !== '')
    return isMeant ? whole : `${picture(control)}${colour}`
  })
}

/** The same, on one line. */
export function terminalLine(text: string): string {
  return terminalText(text).replace(/[\n\t]/g, picture)
}

function picture(control: string): string {
  if (control === DELETE) return '␡'
  return control < ' ' ? String.fromCodePoint(FIRST_PICTURE + control.charCodeAt(0)) : '�'
}

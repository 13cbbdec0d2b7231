import { expect } from 'chai'
import { renderTable } from '../../src/cli/render-table.ts'
import { terminalLine, terminalText } from '../../src/cli/terminal-text.ts'

describe('Text for a terminal', () => {
  it('holds nothing that a terminal obeys, except line breaks, tabs and colours', () => {
    expect(terminalText('\u001b]0;title\u0007 \u001b[2J\r\u009b2J \u007f')).to.equal('␛]0;title␇ ␛[2J␍�2J ␡')
    expect(terminalText('\u001b[31mred\u001b[39m\n\tline')).to.equal('\u001b[31mred\u001b[39m\n\tline')
  })

  it('is one line where it stands in a table', () => {
    expect(terminalLine('a\r\nFAILED\tb')).to.equal('a␍␊FAILED␉b')
    const lines = renderTable([{ title: 'run', text: (run: string) => run }], ['a\nb'])
    expect(lines).to.deep.equal(['run', 'a␊b'])
  })
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { EXIT_CODES } from '../../src/core/operator/exit-code.ts'
import { RECIPES } from './recipe-project.ts'

const PAGES = 'docs/schedulers'

interface Shown {
  readonly page: string
  readonly name: string
  readonly text: string
}

/** The blocks of the pages that say which file they are. */
function shownFiles(): readonly Shown[] {
  return readdirSync(PAGES).flatMap((page) => {
    const blocks = readFileSync(join(PAGES, page), 'utf8').matchAll(
      /^<!-- file: (\S+) -->\n```\w+\n([\s\S]*?)^```$/gm,
    )
    return [...blocks].map(([, name = '', text = '']) => ({ page, name, text }))
  })
}

describe("The schedulers' recipes", () => {
  for (const { page, name, text } of shownFiles()) {
    it(`show in ${page} the very ${name} that was tried`, () => {
      expect(text).to.equal(readFileSync(join(RECIPES, name), 'utf8'))
    })
  }

  it('show every file that there is', () => {
    const shown = shownFiles().map(({ name }) => name)
    expect(shown.toSorted()).to.deep.equal(readdirSync(RECIPES).toSorted())
  })

  it('say of each exit code what a scheduler should do', () => {
    const page = readFileSync(join(PAGES, 'README.md'), 'utf8')
    const told = [...page.matchAll(/^\| ([\d–, ]+) \|/gm)].flatMap(([, codes = '']) => codes.split(', '))
    const codes = EXIT_CODES.flatMap(({ code }) => code.replace('-', '–').split(', '))
    expect(told.toSorted()).to.deep.equal(codes.toSorted())
  })

  it('start the command itself, and nothing through npm', () => {
    for (const name of readdirSync(RECIPES)) {
      expect(readFileSync(join(RECIPES, name), 'utf8'), name).not.to.match(/\bnpm\b|\bnpx\b/)
    }
  })
})

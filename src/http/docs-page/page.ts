/** The page that shows the API to people: it holds no facts itself, and asks for the document as any client does. */

export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Batchwright API</title>
<link rel="stylesheet" href="docs/page.css">
<script type="module" src="docs/page.js"></script>
</head>
<body>
<h1>Batchwright API</h1>
<form id="ask" hidden>
<label>Token <input id="token" type="password" autocomplete="off"></label>
<button>Show</button>
</form>
<p id="note" role="status">Loading …</p>
<main id="operations"></main>
<noscript><p>The document is at <a href="openapi.json">openapi.json</a>.</p></noscript>
</body>
</html>
`

export const STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
summary { cursor: pointer; padding: .3rem 0 }
code, pre { font: .875rem/1.4 ui-monospace, monospace }
pre { overflow: auto; padding: .75rem; border: 1px solid; border-radius: .25rem }
.method { display: inline-block; min-width: 3.5rem; font-weight: bold; text-transform: uppercase }
dt { font-weight: bold }
`

/** Writes text only, never HTML. */
export const SCRIPT = `const note = document.getElementById('note')
const ask = document.getElementById('ask')

ask.addEventListener('submit', (event) => {
  event.preventDefault()
  void show(document.getElementById('token').value)
})
void show('')

async function show(token) {
  const headers = token === '' ? {} : { Authorization: 'Bearer ' + token }
  const answer = await fetch('openapi.json', { headers })
  ask.hidden = answer.ok
  if (!answer.ok) {
    note.textContent = answer.status === 401 ? 'This server asks for a token.' : 'It could not be loaded: ' + answer.status
    return
  }
  draw(await answer.json())
}

function draw(api) {
  note.textContent = api.info.description
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, one })))
  document.getElementById('operations').replaceChildren(...operations.map((one) => drawOperation(api, one)))
}

function drawOperation(api, { path, method, one }) {
  const body = one.requestBody?.content?.['application/json']?.schema
  return element('details', {}, [
    element('summary', {}, [element('span', { className: 'method' }, [method]), element('code', {}, [path]), ' ' + one.summary]),
    ...(one.description ? [element('p', {}, [one.description])] : []),
    ...((one.parameters ?? []).length > 0 ? [list(one.parameters.map((p) => [p.name + ' (' + p.in + ')', p.description ?? p.schema?.description ?? p.schema?.type ?? '']))] : []),
    ...(body ? [element('pre', {}, [JSON.stringify(resolved(api, body, 0), null, 2)])] : []),
    list(Object.entries(one.responses).map(([status, r]) => [status, r.description])),
  ])
}

function resolved(api, schema, depth) {
  if (typeof schema !== 'object' || schema === null || depth > 8) return schema
  if (Array.isArray(schema)) return schema.map((one) => resolved(api, one, depth + 1))
  const name = schema.$ref?.replace('#/components/schemas/', '')
  if (name !== undefined) return resolved(api, api.components.schemas[name], depth + 1)
  return Object.fromEntries(Object.entries(schema).map(([key, one]) => [key, resolved(api, one, depth + 1)]))
}

function list(rows) {
  return element('dl', {}, rows.flatMap(([term, text]) => [element('dt', {}, [term]), element('dd', {}, [text])]))
}

function element(name, properties, children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}
`

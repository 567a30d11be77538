/** Calm, and readable from 360 pixels on: one accent for what is done, one warning for what cannot be undone. */
export const approvalStyle = `
:root {
  color-scheme: light dark;
  --ground: #fbfbfa; --paper: #fff; --ink: #1c1d1f; --quiet: #5f646b; --line: #e3e4e6;
  --wash: #f3f4f5; --go: #1b5e3c; --stop: #9b1c1c; --warn: #8a4b00; --warn-wash: #fff4e0;
  --mark: #8b1a5b; --mark-wash: #fbe9f3; --claim: #f6f3ec;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131415; --paper: #1a1c1e; --ink: #e9eaec; --quiet: #a0a6ad; --line: #2e3236;
    --wash: #212427; --go: #7fd1a5; --stop: #ff9d97; --warn: #f0c078; --warn-wash: #33291a;
    --mark: #f5a3cf; --mark-wash: #3a2030; --claim: #242119;
  }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere }
header { display: flex; align-items: baseline; gap: 1rem; padding: 1rem 1.25rem; max-width: 76rem; margin: 0 auto }
h1 { font-size: 1.05rem; font-weight: 600; margin: 0 }
#count { color: var(--quiet); font-weight: 400 }
#status { flex: 1; margin: 0; color: var(--quiet); font-size: .9rem }
button, input, textarea { font: inherit; color: inherit }
button { cursor: pointer }
:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px }
.plain { background: none; border: 0; padding: .25rem 0; color: var(--quiet); text-decoration: underline; text-underline-offset: .2em; font-size: .9rem }
#signin { max-width: 24rem; margin: 14vh auto 0; padding: 0 1.25rem }
#signin p { color: var(--quiet); margin: 0 0 1.5rem }
label { display: block; font-size: .9rem; color: var(--quiet) }
input, textarea { width: 100%; margin: .35rem 0 1rem; padding: .7rem .8rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--paper) }
textarea { resize: vertical; min-height: 2.6rem; padding: .5rem .7rem; margin-bottom: .75rem }
#signin button, .buttons button { width: 100%; padding: .75rem 1rem; border-radius: .5rem; border: 1px solid var(--line); background: var(--paper); font-weight: 600 }
#desk { display: grid; grid-template-columns: minmax(15rem, 20rem) minmax(0, 1fr); gap: 1.5rem; max-width: 76rem; margin: 0 auto; padding: 0 1.25rem 3rem; align-items: start }
#list { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow-y: auto }
#rows { list-style: none; margin: 0; padding: 0; display: grid; gap: .25rem }
.row { display: block; width: 100%; text-align: left; padding: .7rem .85rem; border: 0; border-left: 3px solid transparent; border-radius: .4rem; background: none }
.row:hover { background: var(--wash) }
.row[aria-current] { background: var(--paper); border-left-color: var(--ink); box-shadow: 0 0 0 1px var(--line) }
.row .where, .row .rest { color: var(--quiet) }
.row .rest { display: flex; gap: .75rem; font-size: .85rem }
.row .effect { color: var(--stop) }
.row .left { margin-left: auto; white-space: nowrap; font-variant-numeric: tabular-nums }
#none { color: var(--quiet); padding: .7rem .85rem; margin: 0 }
#detail { background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; padding: 1.75rem 2rem 0; min-width: 0 }
#back { display: none }
h2 { font-size: 1.45rem; line-height: 1.3; font-weight: 400; margin: 0 0 .5rem; letter-spacing: -.01em }
h2 .quoted { font-weight: 650 }
.lead { margin: 0 0 1.25rem; color: var(--quiet) }
.lead.destructive { color: var(--stop); font-weight: 600 }
.notice { background: var(--warn-wash); color: var(--warn); padding: .75rem 1rem; border-radius: .5rem; margin: 0 0 1.25rem }
section { margin: 0 0 1.75rem }
h3 { font-size: .8rem; font-weight: 600; letter-spacing: .02em; color: var(--quiet); margin: 0 0 .5rem }
section p { margin: 0 0 .5rem }
section ul { margin: 0; padding-left: 1.1rem }
.quiet { color: var(--quiet); font-size: .9rem }
.json, code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .875rem }
.json { background: var(--wash); border-radius: .5rem; padding: .9rem 1rem }
.line { padding-left: calc(var(--depth) * 1.1rem + 1rem); text-indent: -1rem; white-space: pre-wrap; line-height: 1.6 }
.line * { text-indent: 0 }
.inert { white-space: pre-wrap; unicode-bidi: isolate }
.mark { background: var(--mark-wash); color: var(--mark); border-radius: .25rem; padding: 0 .15em; direction: ltr; unicode-bidi: isolate }
bdi { border-bottom: 1px dotted var(--mark) }
.apart { margin-top: .75rem }
.unfold { display: inline-block; margin: .25rem 0; padding: .3rem .7rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--paper); font: 600 .85rem/1.4 system-ui, sans-serif; text-indent: 0 }
.claim { background: var(--claim); border-radius: .5rem; padding: 1rem 1.1rem }
blockquote { margin: 0; padding: 0 0 0 .9rem; border-left: 2px solid var(--line); max-height: 20rem; overflow-y: auto }
.facts, .changes { margin: 0; display: grid; grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr); gap: .3rem 1rem }
.facts dt { color: var(--quiet) }
dd { margin: 0 }
.changes { grid-template-columns: minmax(0, 1fr); gap: .1rem }
.changes dt { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .875rem; margin-top: .5rem }
.changes dd { padding-left: 1rem; font-size: .95rem }
.changes b { font-weight: 400; color: var(--quiet) }
del { text-decoration: none; color: var(--stop) }
ins { text-decoration: none; color: var(--go) }
.verdicts { list-style: none; padding: 0 !important; margin-top: .5rem !important }
q { display: block; color: var(--quiet) }
#decision { position: sticky; bottom: 0; background: var(--paper); border-top: 1px solid var(--line); margin: 0 -2rem; padding: 1rem 2rem 1.25rem; border-radius: 0 0 .75rem .75rem }
#decision label { display: flex; justify-content: space-between; gap: 1rem }
#countdown { font-variant-numeric: tabular-nums; white-space: nowrap }
.buttons { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem }
.buttons button:not(:disabled):hover { border-color: currentColor }
.buttons .denied { color: var(--stop) }
.buttons .approved { background: var(--go); border-color: var(--go); color: var(--paper) }
.buttons button:disabled { background: var(--wash); border-color: var(--line); color: var(--quiet); cursor: not-allowed }
#why, #said { margin: .6rem 0 0; font-size: .9rem; color: var(--quiet); min-height: 1.4em }
#why:empty, #said:empty { display: none }
#said { color: var(--ink); font-weight: 600 }
kbd { font: inherit; opacity: .65; font-weight: 400; margin-left: .4rem }
dialog { border: 1px solid var(--line); border-radius: .75rem; background: var(--paper); color: var(--ink); padding: 1.5rem; max-width: min(28rem, calc(100vw - 2rem)) }
dialog h2 { font-size: 1.15rem; font-weight: 650 }
dialog::backdrop { background: rgb(0 0 0 / .35) }
@media (max-width: 52rem) {
  header { padding: .9rem 1rem; flex-wrap: wrap }
  #status { order: 3; flex-basis: 100% }
  #status:empty { display: none }
  #leave { margin-left: auto }
  #desk { grid-template-columns: minmax(0, 1fr); padding: 0 1rem 1rem; gap: 0 }
  #list { position: static; max-height: none }
  #list.behind { display: none }
  #back { display: inline-block; margin-bottom: .75rem }
  #detail { border: 0; border-radius: 0; background: none; padding: 0 }
  .row { padding: .85rem .75rem; background: var(--paper); box-shadow: 0 0 0 1px var(--line) }
  #decision { margin: 0 -1rem; padding: .6rem 1rem .8rem; border-radius: 0; background: var(--ground) }
  .facts { grid-template-columns: minmax(5.5rem, max-content) minmax(0, 1fr) }
  h2 { font-size: 1.25rem }
  kbd { display: none }
}
@media (prefers-reduced-motion: no-preference) { .row, .buttons button { transition: background .12s } }
`;

import { toPage, type Page } from "./to-page.ts";

/** A page on which somebody shows a key to do one thing. The parts are markup of ours. */
export interface KeyPageParts {
  readonly title: string;
  readonly heading: string;
  readonly keyLabel: string;
  /** What is asked beside the key. */
  readonly fields?: string;
  readonly button: string;
  /** What it needs JavaScript for. */
  readonly needs: string;
  /** Says what happens with the key, by `onKey`. */
  readonly script: string;
}

/** The key is typed, sent as a bearer token and kept nowhere. */
export function toKeyPage(parts: KeyPageParts): Page {
  const { title, heading, keyLabel, fields = "", button, needs, script } = parts;
  const body = `<main>
${heading}
<form id="form">
<label for="key">${keyLabel}</label>
<input id="key" type="password" required maxlength="16384" autocomplete="off" autocapitalize="none" spellcheck="false">
${fields}<button id="go">${button}</button>
</form>
<p id="said" role="status"></p>
<noscript><p>This page needs JavaScript: ${needs}</p></noscript>
</main>`;
  return toPage({ title, style, body, script: `"use strict";\n${common}${script}` });
}

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; padding: 1.5rem; overflow-wrap: anywhere }
main { max-width: 28rem; margin: 10vh auto 0 }
h1 { font-size: 1.4rem }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
input, button { margin: .5rem 0 1rem; padding: .75rem; border: 1px solid; border-radius: .4rem }
small { display: block; margin: -.5rem 0 1rem }
[hidden] { display: none }
`;

/** What the server says is shown as text and never as markup. */
const common = `
const find = (id) => document.getElementById(id);
const say = (words) => { find("said").textContent = words; };
const finish = (words) => { find("form").hidden = true; say(words); };

async function post(key, path, body) {
  const answer = await fetch(path, {
    method: "POST",
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    headers: { authorization: "Bearer " + key, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw { told: told.error.message + " " + told.error.hint };
  return told;
}

function onKey(act, explain) {
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = find("key").value.trim();
    find("key").value = "";
    find("go").disabled = true;
    say("One moment …");
    act(key)
      .catch((error) => {
        say(error.told || explain(error) || "That did not work: the server cannot be reached.");
      })
      .finally(() => { find("go").disabled = false; });
  });
}
`;

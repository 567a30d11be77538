import { hash } from "node:crypto";

/**
 * The page where a person agrees to a credential, before the authorization server and after it. The key
 * is typed, sent once as a bearer token and kept nowhere; nothing is kept from one page to the next, so
 * that the same person proves twice who they are. What the URL says is shown as text and never as markup.
 */
const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; padding: 1.5rem; overflow-wrap: anywhere }
main { max-width: 28rem; margin: 10vh auto 0 }
h1 { font-size: 1.4rem }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
input, button { margin: .5rem 0 1rem; padding: .75rem; border: 1px solid; border-radius: .4rem }
[hidden] { display: none }
`;

const script = `"use strict";
const place = new URL(location.href);
const callback = /^\\/connect\\/callback\\/([^/]*)$/.exec(place.pathname);
const isCallback = callback !== null;
const consent = place.searchParams.get("consent");
const ticket = isCallback ? place.searchParams.get("state") ?? "" : consent;
// Each authorization server sends back to a place of its own, with a state that was made for it.
const asked = isCallback ? callback[1] : place.searchParams.get("server");
// What is sent is what is shown: the ticket's server, where there is a ticket.
const given = ticket === null ? asked ?? "" : ticket.split(".")[0];
const isClear = asked === null || asked === given;
const server = isClear && /^[a-z0-9_-]{1,40}$/.test(given) ? given : null;
const find = (id) => document.getElementById(id);
const say = (words) => { find("said").textContent = words; };
const finish = (words) => { find("form").hidden = true; say(words); };

// A code must not stay in the history of the browser.
if (isCallback) history.replaceState(null, "", place.pathname);

if (server === null) {
  finish("This page is opened from the link that a call gives. Call the tool again for a new one.");
} else {
  find("title").textContent = (isCallback ? "Finish connecting " : "Connect ") + server;
  find("what").textContent = isCallback
    ? "Show once more who you are: whoever began this has to finish it."
    : "Countersign is about to ask for access to " + server + " in your name. Go on only if you, or an "
      + "agent of yours, just called it. First show who you are.";
}

async function send(key) {
  const body = isCallback ? { url: place.href } : consent === null ? { server } : { consent };
  const answer = await fetch("/v1/consents/" + (isCallback ? "finish" : "authorize"), {
    method: "POST",
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    headers: { authorization: "Bearer " + key, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) return say(told.error.message + " " + told.error.hint);
  if (isCallback) return finish("Done: " + told.server + " is connected. You can close this page.");
  const next = new URL(told.url);
  if (next.protocol !== "https:" && next.protocol !== "http:") return say("That leads nowhere.");
  say("On to " + next.host + " …");
  location.assign(next.href);
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = find("key").value.trim();
  find("key").value = "";
  find("go").disabled = true;
  say("One moment …");
  send(key)
    .catch(() => say("That did not work: the server cannot be reached."))
    .finally(() => { find("go").disabled = false; });
});
`;

export const connectPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Connect - Countersign</title>
<style>${style}</style>
</head>
<body>
<main>
<h1 id="title">Connect</h1>
<p id="what"></p>
<form id="form">
<label for="key">Your API key or access token</label>
<input id="key" type="password" required maxlength="16384" autocomplete="off" autocapitalize="none" spellcheck="false">
<button id="go">Continue</button>
</form>
<p id="said" role="status"></p>
<noscript><p>This page needs JavaScript: it sends your key as a header, which a form cannot.</p></noscript>
</main>
<script>${script}</script>
</body>
</html>
`;

const digestOf = (text: string): string => `'sha256-${hash("sha256", text, "base64")}'`;

/** Its own script and style, requests to this server, and nothing else. */
export const connectPolicy = [
  "default-src 'none'",
  `script-src ${digestOf(script)}`,
  `style-src ${digestOf(style)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

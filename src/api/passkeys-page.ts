import { hash } from "node:crypto";
import { passkeyScript } from "./passkey-script.ts";

/**
 * The page where an approver adds a passkey. Key and code are typed, sent once and kept nowhere.
 * What the server says is shown as text and never as markup; the URL says nothing.
 */
export const passkeysPath = "/passkeys";

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; padding: 1.5rem; overflow-wrap: anywhere }
main { max-width: 28rem; margin: 8vh auto 0 }
h1 { font-size: 1.4rem }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
input, button { margin: .5rem 0 1rem; padding: .75rem; border: 1px solid; border-radius: .4rem }
small { display: block; margin: -.5rem 0 1rem }
[hidden] { display: none }
`;

const script = `"use strict";
${passkeyScript}
const find = (id) => document.getElementById(id);
const say = (words) => { find("said").textContent = words; };
const finish = (words) => { find("form").hidden = true; say(words); };

if (!window.PublicKeyCredential) {
  finish("This browser uses no passkeys here. They need https, or http://localhost on this machine.");
}

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

async function add(key, code) {
  const begun = await post(key, "/v1/passkeys/registration", { code: code === "" ? null : code });
  if (begun.origin !== location.origin) {
    return say("Passkeys are for " + begun.origin + ": open this page there.");
  }
  let assertion = null;
  if (begun.confirm !== null) {
    say("First use a passkey that you have …");
    assertion = await signWithPasskey(begun.confirm);
  }
  say("Now the new one …");
  const attestation = await createPasskey(begun.create);
  const { ticket } = begun;
  const added = await post(key, "/v1/passkeys", { ticket, attestation, assertion });
  finish("Done: " + added.approver + " has a new passkey. You can close this page.");
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const [key, code] = ["key", "code"].map((id) => find(id).value.trim());
  find("key").value = "";
  find("go").disabled = true;
  say("One moment …");
  add(key, code)
    .catch((error) => {
      say(error.told || explainPasskey(error) || "That did not work: the server cannot be reached.");
    })
    .finally(() => { find("go").disabled = false; });
});
`;

export const passkeysPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Passkeys - Countersign</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Add a passkey</h1>
<p>With a passkey you sign what you approve, so that nobody can approve it with your key alone.</p>
<form id="form">
<label for="key">Your approver key or access token</label>
<input id="key" type="password" required maxlength="16384" autocomplete="off" autocapitalize="none" spellcheck="false">
<label for="code">Invitation code</label>
<input id="code" maxlength="100" autocomplete="off" autocapitalize="none" spellcheck="false">
<small>An admin gives it to you. Leave it empty if you have a passkey already: then that one has to agree.</small>
<button id="go">Add a passkey</button>
</form>
<p id="said" role="status"></p>
<noscript><p>This page needs JavaScript: browsers use passkeys from a script only.</p></noscript>
</main>
<script>${script}</script>
</body>
</html>
`;

const digestOf = (text: string): string => `'sha256-${hash("sha256", text, "base64")}'`;

/** Its own script and style, requests to this server, and nothing else. */
export const passkeysPolicy = [
  "default-src 'none'",
  `script-src ${digestOf(script)}`,
  `style-src ${digestOf(style)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

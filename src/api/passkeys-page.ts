import { passkeyScript } from "./passkey-script.ts";
import { toKeyPage } from "./to-key-page.ts";

/** The page where an approver adds a passkey. The code is sent once and kept nowhere; the URL says nothing. */
export const passkeysPath = "/passkeys";

const script = `${passkeyScript}
if (!window.PublicKeyCredential) {
  finish("This browser uses no passkeys here. They need https, or http://localhost on this machine.");
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

onKey((key) => add(key, find("code").value.trim()), explainPasskey);
`;

export const passkeysPage = toKeyPage({
  title: "Passkeys - Countersign",
  heading: `<h1>Add a passkey</h1>
<p>With a passkey you sign what you approve, so that nobody can approve it with your key alone.</p>`,
  keyLabel: "Your approver key or access token",
  fields: `<label for="code">Invitation code</label>
<input id="code" maxlength="100" autocomplete="off" autocapitalize="none" spellcheck="false">
<small>An admin gives it to you. Leave it empty if you have a passkey already: then that one has to agree.</small>
`,
  button: "Add a passkey",
  needs: "browsers use passkeys from a script only.",
  script,
});

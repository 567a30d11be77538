import type { Client } from "../../../../src/client/client.ts";

/** Removes one's own passkey: another of one's own says so. Throws what the server or the browser refused. */
export async function removeOwn(client: Client, id: string): Promise<void> {
  const { body } = await client.beginPasskeyRemoval({ body: JSON.stringify({ id }) });
  if (body.origin !== location.origin)
    throw new Error(`Passkeys are of ${body.origin}: open the console there.`);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    body.confirm as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  const signed = await navigator.credentials.get({ publicKey });
  if (!(signed instanceof PublicKeyCredential)) throw new Error("No passkey was used.");
  const agreed = { ticket: body.ticket, assertion: signed.toJSON() };
  await client.removePasskey({ id, body: JSON.stringify(agreed) });
}

/** The admin's word is enough. */
export async function removeAny(client: Client, id: string): Promise<void> {
  await client.removePasskey({ id, body: "{}" });
}

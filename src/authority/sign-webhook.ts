import { createHmac } from "node:crypto";
import { Fault } from "../model/index.ts";
import type { SecretValue } from "../ports/secrets.ts";

/** As https://www.standardwebhooks.com wants a symmetric secret: what follows is 24 to 64 bytes in base64. */
const secretShape = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/;
const fewestBytes = 24;
const mostBytes = 64;

export interface SignedMessage {
  /** The same for each sending of one event. */
  readonly id: string;
  /** Of this sending, in seconds. */
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/** The headers of one sending; several secrets make several signatures, so that one can be replaced. */
export function signWebhook(
  { id, timestamp, body }: SignedMessage,
  secrets: readonly SecretValue[],
): Readonly<Record<string, string>> {
  const signatures = secrets.map((secret) => {
    const hmac = createHmac("sha256", toKey(secret));
    return `v1,${hmac.update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
  });
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatures.join(" "),
  };
}

function toKey(secret: SecretValue): Buffer {
  // Stored from a file, it ends with a line break.
  const [, text] = secretShape.exec(secret.reveal().trim()) ?? [];
  const key = text === undefined ? null : Buffer.from(text, "base64");
  if (key === null || key.length < fewestBytes || key.length > mostBytes) {
    const what = `whsec_ and ${fewestBytes} to ${mostBytes} bytes in base64`;
    throw new Fault("config_invalid", `The secret of a webhook takes ${what}.`);
  }
  return key;
}

import { hash } from "node:crypto";
import type { Approver } from "../../ports/passkeys.ts";

/** What an authenticator keeps beside the key: the same for the same approver, and it tells nobody who. */
export function toUserHandle({ tenant, subject }: Approver): Buffer {
  return Buffer.from(hash("sha256", JSON.stringify([tenant, subject]), "hex"), "hex");
}

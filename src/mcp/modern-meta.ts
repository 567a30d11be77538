import type { Json } from "../lib/strict-json.ts";
import type { ClientCapabilities } from "../model/protocol.ts";
import { metaKeys, modernVersion } from "./protocol.ts";

/** The `_meta` of a modern request to a server, as text; what stays the same is written once. */
export function createMetaWriter(version: string) {
  const info = JSON.stringify({ name: "countersign", version });
  const head = `{"${metaKeys.version}":"${modernVersion}","${metaKeys.clientInfo}":${info},"${metaKeys.clientCapabilities}":`;
  const written = new WeakMap<object, string>();

  function capabilitiesText(capabilities: ClientCapabilities): string {
    const known = written.get(capabilities);
    if (known !== undefined) return known;
    const text = JSON.stringify(capabilities);
    written.set(capabilities, text);
    return text;
  }

  /** `own` are members that the caller forwards; the protocol's own cannot be among them. */
  return (capabilities: ClientCapabilities, own: Readonly<Record<string, Json>>): string => {
    let text = head + capabilitiesText(capabilities);
    for (const key of Object.keys(own))
      text += `,${JSON.stringify(key)}:${JSON.stringify(own[key])}`;
    return `${text}}`;
  };
}

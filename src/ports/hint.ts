import { Fault } from "../model/index.ts";

/** Hints say where to look, not what is there. Postgres takes no notification of 8,000 bytes. */
export const hintBytes = 7_900;
const channelName = /^[a-z0-9][a-z0-9_.:-]{0,62}$/;

/** What every bus refuses to carry. */
export function requireHint(channel: string, payload: string): void {
  requireChannel(channel);
  const length = Buffer.byteLength(payload);
  if (length > hintBytes) {
    throw new Fault("payload_too_large", `A hint has ${length} bytes, and may have ${hintBytes}`);
  }
  if (payload.includes("\0") || !payload.isWellFormed()) {
    throw new Fault("payload_invalid", "A hint holds a NUL or a lone surrogate");
  }
}

export function requireChannel(channel: string): void {
  if (!channelName.test(channel)) {
    throw new Fault("payload_invalid", `Not the name of a channel: ${JSON.stringify(channel)}`);
  }
}

import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { writeWhole } from "./write-whole.ts";

const heartbeatSchema = z.strictObject({
  pid: z.int().positive(),
  /** When it was written: whether there is an indexer at all. */
  at: z.iso.datetime(),
  /** Which index said what the folder said, by when it was written, and when that was last seen. */
  seen: z.strictObject({ writtenAt: z.iso.datetime(), at: z.iso.datetime() }).nullable(),
  /** A version that is being built beside the one that answers. */
  building: z
    .strictObject({ version: z.string(), done: z.int().nonnegative(), of: z.int().nonnegative() })
    .nullable(),
  problem: z.string().max(1_000).nullable(),
});
/** What the indexer says of itself, again and again: once it stops, everybody can see. */
export type Heartbeat = z.output<typeof heartbeatSchema>;

const toFile = (state: string): string => path.join(state, "heartbeat.json");

export function writeHeartbeat(state: string, heartbeat: Heartbeat): void {
  writeWhole(toFile(state), `${JSON.stringify(heartbeat)}\n`);
}

/** Null where there is none that can be read: then nobody vouches for the index. */
export function readHeartbeat(state: string): Heartbeat | null {
  try {
    return heartbeatSchema.parse(JSON.parse(readFileSync(toFile(state), "utf8")));
  } catch {
    return null;
  }
}

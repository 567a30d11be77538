import type { Letters } from "./letter-rows.ts";

interface Row {
  readonly owner: string;
  readonly body: Uint8Array;
  readonly putMs: number;
  beatMs: number | null;
  reply: Uint8Array | null;
}

export function createInMemoryLetters(): Letters {
  const rows = new Map<string, Row>();
  return {
    async put({ id, owner, body, nowMs }) {
      rows.set(id, { owner, body: body.slice(), putMs: nowMs, beatMs: null, reply: null });
    },
    async take(owner, nowMs) {
      const taken = [...rows].filter(([, row]) => row.owner === owner && row.beatMs === null);
      for (const [, row] of taken) row.beatMs = nowMs;
      return taken.map(([id, { body }]) => ({ id, body }));
    },
    async beat(id, nowMs) {
      const row = rows.get(id);
      if (row !== undefined) row.beatMs = nowMs;
    },
    async reply(id, reply) {
      const row = rows.get(id);
      if (row !== undefined) row.reply = reply.slice();
    },
    async read(id) {
      const row = rows.get(id);
      return row === undefined ? null : { beatMs: row.beatMs, reply: row.reply };
    },
    async withdraw(id) {
      return rows.get(id)?.beatMs === null && rows.delete(id);
    },
    async remove(id) {
      rows.delete(id);
    },
    async sweep(beforeMs) {
      const old = [...rows].filter(([, { putMs }]) => putMs < beforeMs);
      for (const [id] of old) rows.delete(id);
      return old.length;
    },
  };
}

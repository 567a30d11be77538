import { expect } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { verifyReceipt } from "../../src/ledger/verify-receipt.ts";
import type { Travel } from "./quickstart.ts";

interface Run {
  readonly id: string;
  readonly state: string;
}

export const listEnded = async (travel: Travel): Promise<readonly string[]> =>
  (await listRuns(travel)).filter(({ state }) => state === "completed").map(({ id }) => id);

async function listRuns(travel: Travel): Promise<readonly Run[]> {
  const { runs } = (await ask(travel, "/v1/runs?agent=travel&limit=200")) as {
    readonly runs: readonly Run[];
  };
  return runs;
}

/** Each run that has ended did so once, and has one booking, one calendar entry, and receipts. */
export async function checkDisk(travel: Travel, ended: number, label: string): Promise<void> {
  const trips = { bookings: travel.bookings(), events: travel.events() };
  for (const [kind, entries] of [
    ["booked", trips.bookings],
    ["created", trips.events],
  ] as const) {
    const keys = new Set(entries.map(({ key }) => key));
    expect(
      entries.map((entry) => entry["kind"]),
      label,
    ).toEqual(Array(ended).fill(kind));
    expect(keys.size, label).toBe(ended);
    expect(keys, label).not.toContain(undefined);
  }
  for (const [at, { id }] of trips.bookings.entries())
    expect(trips.events[at]!["notes"], label).toContain(id);
  // None that is not completed has ended: at most one waits.
  const open = (await listRuns(travel)).filter(({ state }) => state !== "completed");
  expect(
    open.map(({ state }) => state).filter((state) => state !== "waiting"),
    label,
  ).toEqual([]);
  expect(open.length, label).toBeLessThanOrEqual(1);
}

/** Texts of the receipts of all that a run did, as `receipts show --save` writes them. */
export async function readReceipts(travel: Travel, run: string): Promise<readonly string[]> {
  const { events } = (await ask(travel, `/v1/runs/${run}/events?limit=500`)) as {
    readonly events: readonly { readonly event: { readonly type: string; entry?: string } }[];
  };
  const of = (type: string) => events.filter(({ event }) => event.type === type);
  expect(of("run.completed"), run).toHaveLength(1);
  const started = of("call.started").map(({ event }) => String(event.entry));
  expect(started.length, run).toBeGreaterThanOrEqual(2);
  return Promise.all(started.map((entry) => readReceipt(travel, entry)));
}

/** An entry is in the log within a second; then it has a receipt. */
async function readReceipt(travel: Travel, entry: string): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`${travel.url}/v1/receipts/${entry}`, asAdmin(travel));
    if (answer.ok) return answer.text();
    await systemClock.sleep(100);
  }
  throw new Error(`No receipt of ${entry}.`);
}

/** Nothing is asked of a server: the text and the public key are all. */
export async function verifyAll(
  receipts: readonly string[],
  keys: readonly string[],
): Promise<void> {
  for (const receipt of receipts) {
    const { verified, problems } = await verifyReceipt(receipt, { keys, passkeys: null });
    expect({ verified, problems }, receipt).toEqual({ verified: true, problems: [] });
  }
}

const asAdmin = ({ home }: Travel) => ({
  headers: { authorization: `Bearer ${home.key("admin")}` },
});

async function ask(travel: Travel, place: string): Promise<unknown> {
  const answer = await fetch(`${travel.url}${place}`, asAdmin(travel));
  expect(answer.status, place).toBe(200);
  return answer.json();
}

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { makeTravel, until, type Travel } from "../travel/quickstart.ts";

// Whole programs, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 240_000 });

interface Approval {
  readonly id: string;
  readonly digest: string;
  readonly state: string;
  readonly args: object;
  readonly facts: readonly object[];
}

/** Whoever decides, over REST. */
function createApprover({ url, home }: Travel) {
  const tell = async (place: string, body?: object) => {
    const response = await fetch(`${url}/v1/approvals${place}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${home.key("approver")}`,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  return {
    async waiting(): Promise<Approval> {
      let found: readonly Approval[] = [];
      await until("an approval waits", async () => {
        const { body } = await tell("?state=pending");
        found = (body as { approvals: readonly Approval[] }).approvals;
        return found.length > 0;
      });
      return found[0]!;
    },
    approve: ({ id, digest }: Approval) => tell(`/${id}/decision`, { digest, word: "approved" }),
    async stateOf({ id }: Approval): Promise<string> {
      return ((await tell(`/${id}`)).body as Approval).state;
    },
  };
}

function edit(travel: Travel, file: string, change: (text: string) => string): void {
  const place = path.join(travel.directory, file);
  const text = readFileSync(place, "utf8");
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(place, changed);
}

test("I3: the fare rises while a person thinks: what they agreed to is not booked, and they are asked anew", async () => {
  const travel = await makeTravel();
  edit(travel, "countersign.yaml", (text) => text.replace("fresh: 30s", "fresh: 1s"));
  const started = travel.start();
  const approver = createApprover(travel);
  await started.until(/waits for a person/);
  const old = await approver.waiting();
  const key = `fare:${(old.args as { flight: string }).flight}`;
  expect(old.facts).toEqual([{ key, value: "387" }]);

  edit(travel, "servers/schedule.json", (text) => text.replace('"price": 387', '"price": 399'));
  for (const name of ["flights.ts", "bookings.ts"])
    for (const pid of travel.programs(name)) process.kill(pid, "SIGKILL");
  await started.until(/started again/);
  await until("bookings are open", () => travel.programs("bookings.ts").length === 1);
  await systemClock.sleep(1_500);
  expect(await approver.approve(old)).toMatchObject({ status: 200 });

  await started.until(/facts +fare:.* has changed/);
  await started.until(/book_flight: denied/);
  const anew = await approver.waiting();
  expect(anew.id).not.toBe(old.id);
  expect(anew.facts).toEqual([{ key, value: "399" }]);
  expect(travel.bookings()).toEqual([]);

  expect(await approver.approve(anew)).toMatchObject({ status: 200 });
  await started.until(/^ {2}done /);
  const bookings = travel.bookings();
  expect(bookings).toHaveLength(1);
  expect(bookings[0]).toMatchObject({ kind: "booked", flight: { price: 399 } });
  expect([await approver.stateOf(old), await approver.stateOf(anew)]).toEqual([
    "approved",
    "consumed",
  ]);
  started.kill("SIGTERM");
  expect(await started.ended).toBe(0);
});

import { expect, test } from "vitest";
import { makeDecided } from "../../test/made-up-call.ts";
import { toHandedText } from "../mcp/own-outcome.ts";
import { Fault, type EntryId } from "../model/index.ts";
import type { Catalog, Effect } from "../ports/catalog.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { CallLife } from "./call-life.ts";
import type { AdmittedCall, Opened } from "./call.ts";
import { end, leftDoubt } from "./ending.ts";
import type { Exchanged } from "./exchange.ts";
import type { Outcome } from "./outcome.ts";
import { createWords } from "./words.ts";

const done: Exchanged = {
  kind: "ended",
  answer: { kind: "result", text: '{"content":[]}', value: { content: [] } },
  endpoint: "here",
  era: "modern",
};
const asks: Exchanged = { kind: "asks", inputRequests: {}, state: null, isParked: false };

interface Given {
  readonly after?: () => Promise<void> | undefined;
  readonly wasReceived?: boolean;
  readonly effect?: Effect;
}

function open({ after = () => undefined, wasReceived = false, effect = "write" }: Given = {}) {
  const clock = createManualClock(0);
  const telemetry = createInMemoryTelemetry({ clock });
  const said: string[] = [];
  const handed: Outcome["handed"][] = [];
  const outcome = (of: Outcome) => {
    said.push(`${of.outcome} ${of.reason} ${of.result}`);
    handed.push(of.handed);
  };
  const recorder = {
    outcome,
    intent: async () => ({ kind: "durable", id: "" as EntryId }) as const,
    close: async () => undefined,
  };
  const catalog = () => ({ toolsets: new Map() }) as unknown as Catalog;
  const call = { ...makeDecided({ effect }), queuedUs: 0 } as unknown as AdmittedCall;
  const noted = { credential: null, sandbox: null, isUnsent: false, wasReceived };
  const words = createWords(after);
  const of = "entry" as EntryId;
  const calls = { prolong: async () => true };
  const { tenant } = call.request.principal;
  const life = new CallLife({ clock, calls }, { tenant, of, notAfterMs: call.notAfterMs });
  const opened: Opened = { call, of, extra: "", noted, words, life };
  const parts = { clock, telemetry, recorder, catalog };
  const ending = (exchanged: Exchanged) => end(parts, opened, async () => exchanged);
  const failing = (error: Error) =>
    end(parts, opened, async () => {
      throw error;
    });
  return { said, handed, parts, opened, ending, failing };
}

test("a done effect whose answer cannot be handed over has its outcome, and the fault", async () => {
  const after = () => Promise.reject(new Error("no store"));
  for (const exchanged of [done, asks]) {
    const { said, ending } = open({ after });
    await expect(ending(exchanged)).rejects.toThrow("no store");
    expect(said).toEqual(["answered not_handed_over null"]);
  }
});

test("what is handed over is with its outcome, and of an error no more than its caller hears", async () => {
  for (const exchanged of [
    done,
    asks,
    { kind: "consent", url: "https://gate.example/?consent=1", state: null },
    { ...done, answer: { kind: "error", error: { code: 1, message: "no" } } },
  ] satisfies Exchanged[]) {
    const { handed, ending } = open();
    expect(handed).toEqual([]);
    const answer = await ending(exchanged);
    expect(handed).toEqual([answer]);
  }
  const fault = open();
  await expect(fault.failing(new Fault("upstream_lost", "It is gone."))).rejects.toThrow("gone");
  expect(fault.handed).toEqual(["It is gone."]);
  const bug = open();
  await expect(bug.failing(new Error("key sk-1 of ada"))).rejects.toThrow("sk-1");
  expect(bug.handed).toEqual(["The call was broken off."]);
  const lost = open({ after: () => Promise.reject(new Error("password=x")) });
  await expect(lost.ending(done)).rejects.toThrow("password");
  const [text] = lost.handed.map(
    (each) => typeof each === "object" && each !== null && toHandedText(each),
  );
  expect(JSON.parse(String(text))).toMatchObject({ isError: true });
  expect(text).toContain("The call was made");
  expect(text).not.toContain("password");
});

test("I4: an effect that was late before it was written failed; one whose server had asked is in doubt", async () => {
  const late = new Fault("call_late", "The call was not sent in time.");
  const unsent = open();
  await expect(unsent.failing(late)).rejects.toBe(late);
  expect(unsent.said).toEqual(["fault call_late null"]);
  expect(leftDoubt(late)).toBe(false);
  const asked = open({ wasReceived: true });
  await expect(asked.failing(late)).rejects.toBe(late);
  expect(asked.said).toEqual(["unknown call_late null"]);
  // Its time ran out anywhere else: it may have been sent.
  const cut = open();
  await expect(cut.failing(new Fault("deadline_exceeded", "Too long."))).rejects.toThrow(
    "Too long.",
  );
  expect(cut.said).toEqual(["unknown deadline_exceeded null"]);
});

test("a parked call that cannot ask has not ended", async () => {
  const { said, ending } = open({ after: () => Promise.reject(new Error("no store")) });
  await expect(ending({ ...asks, isParked: true })).rejects.toThrow("no store");
  expect(said).toEqual([]);
});

test("a question is labelled before it is handed over", async () => {
  let isKept = false;
  const after = async () => {
    await Promise.resolve();
    isKept = true;
  };
  const { ending } = open({ after });
  expect(await ending(asks)).toMatchObject({ kind: "result" });
  expect(isKept).toBe(true);
});

test("a fault after words of the server waits for their label, another does not", async () => {
  let kept = 0;
  const after = async () => void (kept += 1);
  const silent = open({ after });
  await expect(silent.failing(new Fault("upstream_lost", "gone"))).rejects.toThrow("gone");
  expect(kept).toBe(0);
  const { opened, failing, said } = open({ after });
  const heard: string[] = [];
  opened.words.pass(() => heard.push("progress"));
  await expect(failing(new Fault("upstream_lost", "gone"))).rejects.toThrow("gone");
  expect(heard).toEqual(["progress"]);
  expect(said).toEqual(["unknown upstream_lost null"]);
});

test("what the server received stays open, whatever keeps the next round from being sent", async () => {
  const frozen = new Fault("frozen", "It is frozen.");
  const unsent = open();
  await expect(unsent.failing(frozen)).rejects.toBe(frozen);
  expect(unsent.said).toEqual(["fault frozen null"]);
  expect(leftDoubt(frozen)).toBe(false);
  const received = open({ wasReceived: true });
  await expect(received.failing(frozen)).rejects.toBe(frozen);
  expect(received.said).toEqual(["unknown frozen null"]);
  expect(leftDoubt(frozen)).toBe(true);
  const read = open({ wasReceived: true, effect: "read" });
  await expect(read.failing(new Fault("frozen", "It is."))).rejects.toThrow("It is.");
  expect(read.said).toEqual(["fault frozen null"]);
});

test("a consent after the first round does not give the budget back", async () => {
  const consent = { kind: "consent", url: "https://gate.example/?consent=1", state: null } as const;
  for (const wasReceived of [false, true]) {
    const { said, opened, ending } = open({ wasReceived });
    await ending(consent);
    expect(opened.noted.isUnsent).toBe(!wasReceived);
    expect(said).toEqual([`${wasReceived ? "unknown" : "denied"} consent_required null`]);
  }
});

test("whatever fault its caller hears, an effect that may have happened leaves its doubt", async () => {
  const store = new Fault("store_unavailable", "The store is away.");
  const ways = [
    { work: () => Promise.reject(new Fault("upstream_lost", "gone")), effect: "write", is: true },
    { work: async () => done, effect: "write", is: true },
    { work: async () => done, effect: "read", is: false },
    { work: () => Promise.reject(new Fault("frozen", "It is.")), effect: "write", is: false },
  ] as const;
  for (const { work, effect, is } of ways) {
    const lost = new Fault(store.code, store.message);
    const { parts, opened } = open({ effect });
    const recorder = { ...parts.recorder, outcome: () => Promise.reject(lost) };
    await expect(end({ ...parts, recorder }, opened, work)).rejects.toBe(lost);
    expect(leftDoubt(lost)).toBe(is);
  }
});

import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api.ts";
import { createTelling, toInert, toLine, type ToldEvent } from "./tell-event.ts";

export interface Run {
  readonly id: string;
  readonly state: string;
  readonly waits: readonly Wait[];
  readonly calls: readonly { readonly tool: string; readonly state: string }[];
}

interface Wait {
  readonly kind: string;
  readonly tool: string | null;
  readonly approval: string | null;
  readonly digest: string | null;
  readonly url: string | null;
  readonly until: string | null;
}

export interface Following {
  readonly run: string;
  readonly say: (line: string) => void;
  /** What a command needs to find the server: nothing where that is at its usual place. */
  readonly flags: string;
  readonly signal: AbortSignal;
}

/** In a row, without an event between them; then the server is not coming back. */
const maxFailures = 30;
const pauseMs = 1_000;

/** Says what happens in a run until it has ended. Gives the entries of its effects, in order. */
export async function followRun(api: Api, following: Following): Promise<readonly string[]> {
  const { run, say, signal } = following;
  const tell = createTelling();
  const shown = new Set<string>();
  const entries: string[] = [];
  let after = 0;
  for (let failures = 0; ;) {
    try {
      const place = `/v1/runs/${run}/events?contents=true&after=${after}`;
      for await (const { event, id, data } of api.stream(place, signal)) {
        if (event === "end") return entries;
        const told = JSON.parse(data) as ToldEvent;
        for (const line of tell(told)) say(line);
        if (told.type === "call.started") entries.push(String(told["entry"]));
        if (told.type === "run.waited") await sayWaits(api, following, shown);
        if (rests.has(told.type)) await sayRest(api, following);
        after = Number(id);
        failures = 0;
      }
    } catch (error) {
      failures += 1;
      if (signal.aborted || failures > maxFailures) throw error;
    }
    // A stream ends in time, too; what was missed comes with the next one.
    await sleep(pauseMs, undefined, { signal });
  }
}

const rests: ReadonlySet<string> = new Set([
  "run.paused",
  "run.stopped",
  "run.parked",
  "run.partly_completed",
]);

const resting: ReadonlySet<string> = new Set(["paused", "stopped", "parked", "partial"]);

/** What the run waits for now: an event may tell of a wait that is over. */
async function sayWaits(api: Api, { run, say, flags }: Following, shown: Set<string>) {
  const { waits } = (await api.get(`/v1/runs/${run}`)) as Run;
  for (const { kind, approval, digest, tool, url, until } of waits) {
    if (kind !== "approval" || approval === null || digest === null || shown.has(approval)) {
      continue;
    }
    shown.add(approval);
    const { state, args, rules } = (await api.get(`/v1/approvals/${approval}`)) as {
      readonly state: string;
      readonly args: unknown;
      readonly rules: readonly { readonly text: string }[];
    };
    // Somebody has decided, and the run is about to go on.
    if (state !== "pending") continue;
    const time = until === null ? "somebody decides" : toTime(until);
    say(toLine("waits", `${tool ?? ""} waits for a person, until ${time}.`));
    say(toLine("", `with ${JSON.stringify(args)}`));
    for (const { text } of rules) say(toLine("", `because: ${text}`));
    say("");
    say("  Decide on the page:");
    say(`    ${toInert(url ?? "")}`);
    say("  or in another terminal:");
    say(`    npx countersign approve ${approval} --digest ${digest}${flags}`);
    say(`    npx countersign deny ${approval} --digest ${digest}${flags}`);
    say("");
  }
}

/** To the minute, as nobody decides by the second. */
const toTime = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** Where it stays as it is until somebody says something. */
async function sayRest(api: Api, { run, say, flags }: Following) {
  const { state, calls } = (await api.get(`/v1/runs/${run}`)) as Run;
  // An event may tell of a rest that is over.
  if (!resting.has(state)) return;
  for (const call of calls) say(toLine("", `${call.tool}: ${call.state}`));
  say("  It goes on with:");
  say(`    npx countersign runs resume ${run}${flags}`);
  say("  or is ended with:");
  say(`    npx countersign runs cancel ${run}${flags}`);
}

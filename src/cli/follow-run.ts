import type { Client, Run } from "../client/client.ts";
import type { ReadStream } from "../client/read-stream.ts";
import { Fault } from "../model/fault.ts";
import type { CliParts } from "./context.ts";
import { listAsked } from "./list-asked.ts";
import {
  createEventLines,
  inertLines,
  renderOpen,
  renderWait,
  type EventLines,
} from "./render-run.ts";
import { toRunExit } from "./run-exit.ts";
import type { Voice } from "./voice.ts";

export interface Following {
  readonly client: Client;
  readonly readStream: ReadStream;
  readonly id: string;
  readonly after: number;
  readonly hasContents: boolean;
  /** Goes on while it waits for a person; else that is the end here. */
  readonly staysForPeople: boolean;
}

/** A server that starts anew is waited for, about a minute; what comes begins a new count. */
const maxSilences = 12;
/** A stream that lasted so long had a server behind it, though nothing happened in the run. */
const lastingMs = 60_000;
const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** What a sub-agent waits for is no event of the run that waits for it. */
const lookEveryMs = 5_000;

/** Events after which a run may not go on by itself; its report says how it is by then. */
const halts: ReadonlySet<string> = new Set([
  "run.waited",
  "run.paused",
  "run.stopped",
  "run.parked",
  "run.partly_completed",
]);

interface Tools {
  readonly parts: CliParts;
  readonly voice: Voice;
}

/** Where following has come to. */
interface Place {
  after: number;
  /** What was there before is shown, and asks nobody for anything any more. */
  head: number;
  waitsForRun: boolean;
  readonly shown: Set<string>;
  readonly lines: EventLines;
}

/** Shows what happens in a run until it is over or cannot go on without somebody. */
export async function followRun(tools: Tools, following: Following): Promise<number> {
  const { parts, voice } = tools;
  const first = await look(following);
  const place: Place = {
    after: following.after,
    head: first.head,
    waitsForRun: false,
    shown: new Set(),
    lines: createEventLines(voice.paint),
  };
  if (await endsHere(following, voice, { place, run: first })) {
    return finish(tools, following, first);
  }
  let isTold = false;
  for (let silences = 1; ; silences += 1) {
    const from = place.after;
    const openedMs = parts.clock.monotonicMs();
    try {
      const over = await followOnce(tools, following, place);
      if (over !== null) return await finish(tools, following, over);
    } catch (fault) {
      if (!isSilence(fault)) throw fault;
      if (!isTold) voice.note(`${(fault as Fault).message} Trying again.`);
      isTold = true;
    }
    if (place.after > from || parts.clock.monotonicMs() - openedMs >= lastingMs) {
      silences = 1;
      isTold = false;
    }
    if (silences > maxSilences)
      throw new Fault("unreachable", `The stream of run ${following.id} ends again and again.`);
    await parts.clock.sleep(toPause(silences, parts.fraction()));
  }
}

/** One connection: the run, if following it ends here; null where the connection did. */
async function followOnce(
  { parts, voice }: Tools,
  following: Following,
  place: Place,
): Promise<Run | null> {
  const left = new AbortController();
  const sent = open(following, place.after, left.signal)[Symbol.asyncIterator]();
  try {
    for (let next = sent.next(); ;) {
      const got = place.waitsForRun ? await orLater(parts, next) : await next;
      if (got === null) {
        const halted = await stopAt(following, voice, place);
        if (halted !== null) return halted;
        continue;
      }
      if (got.done === true) return null;
      const { id, event, data } = got.value;
      if (event === "end") return await look(following);
      if (id !== null) {
        place.after = Number(id);
        tell(voice, place, data);
        const halted = await stopAfter(following, voice, { place, event });
        if (halted !== null) return halted;
      }
      next = sent.next();
      // It may be given up before it comes.
      next.catch(() => undefined);
    }
  } finally {
    left.abort();
    void sent.return?.().catch(() => undefined);
  }
}

function open({ readStream, id, hasContents }: Following, after: number, signal: AbortSignal) {
  const query = { after: String(after), ...(hasContents && { contents: "true" }) };
  const path = `/v1/runs/${encodeURIComponent(id)}/events`;
  return readStream({ path, query, after: after === 0 ? null : String(after), signal });
}

/** Null when nothing came for a while. */
async function orLater<T>({ clock }: CliParts, next: Promise<T>): Promise<T | null> {
  const came = new AbortController();
  const late = clock.sleep(lookEveryMs, came.signal).then(() => null);
  late.catch(() => undefined);
  try {
    return await Promise.race([next, late]);
  } finally {
    came.abort();
  }
}

function toPause(silences: number, fraction: number): number {
  const mostMs = Math.min(firstPauseMs * 2 ** (silences - 1), longestPauseMs);
  return Math.round(mostMs * (0.5 + fraction / 2));
}

function isSilence(fault: unknown): boolean {
  const codes = ["unreachable", "draining", "overloaded", "store_unavailable"];
  return fault instanceof Fault && codes.includes(fault.code);
}

function tell(voice: Voice, { after: seq, lines }: Place, data: string): void {
  const event: unknown = JSON.parse(data);
  if (voice.json) voice.answer({ seq, event: event as object }, "");
  else voice.note(lines(seq, event));
}

async function look({ client, id }: Pick<Following, "client" | "id">): Promise<Run> {
  return (await client.getRun({ id })).body;
}

interface After {
  readonly place: Place;
  readonly event: string;
}

async function stopAfter(
  following: Following,
  voice: Voice,
  { place, event }: After,
): Promise<Run | null> {
  place.waitsForRun &&= event !== "run.woken";
  const isNew = place.after > place.head;
  if (place.after < place.head || (isNew && !halts.has(event))) return null;
  return stopAt(following, voice, place);
}

/** The run as it is, if following it ends here. */
async function stopAt(following: Following, voice: Voice, place: Place): Promise<Run | null> {
  const run = await look(following);
  return (await endsHere(following, voice, { place, run })) ? run : null;
}

async function endsHere(
  following: Following,
  voice: Voice,
  { place, run }: { readonly place: Place; readonly run: Run },
): Promise<boolean> {
  // It says more than was shown: that comes first.
  if (run.head > place.after) {
    place.head = run.head;
    return false;
  }
  if (["stopped", "parked", "partial"].includes(run.state)) return true;
  if (run.state === "paused") return !following.staysForPeople;
  place.waitsForRun = run.waits.some(({ kind }) => kind === "run");
  const asked = run.state === "waiting" ? await listAsked(following.client, run) : [];
  if (asked.length > 0 && !following.staysForPeople) return true;
  for (const wait of asked) {
    if (!place.shown.has(wait.approval)) voice.note(renderWait(wait));
    place.shown.add(wait.approval);
  }
  return false;
}

const resumable: ReadonlySet<string> = new Set(["stopped", "partial", "parked", "paused"]);

/** The output is the answer; why there is none, and what to do, is for people. */
async function finish({ voice }: Tools, { client }: Following, run: Run): Promise<number> {
  const { id, state, reason, output } = run;
  const asked = state === "waiting" ? await listAsked(client, run) : [];
  if (state === "waiting") {
    for (const wait of asked) voice.note(renderWait(wait));
    voice.note(`  follow   countersign runs logs ${id} --follow --after ${run.head}`);
  } else if (state !== "completed") {
    const why = reason === null ? "" : `, ${inertLines(`${reason.code}: ${reason.detail}`)}`;
    voice.note(`Run ${id} is ${state}${why}.`);
    for (const line of renderOpen(run)) voice.note(line);
    if (resumable.has(state)) voice.note(`  resume   countersign runs resume ${id}`);
  }
  if (voice.json) voice.answer({ run }, "");
  else if (output !== null) voice.answer({}, inertLines(output));
  return toRunExit(run, asked.length > 0);
}

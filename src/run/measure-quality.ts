import { usualContext } from "../model/agent-context.ts";
import type { Digest } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { RunQuality } from "../model/run-quality.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { asAnswered, asResult, asSaid } from "./content-kinds.ts";
import { listEvents } from "./list-events.ts";
import { toQuality } from "./quality.ts";
import { toGiven, toHeard } from "./uses.ts";
import type { RunView } from "./view.ts";
import type { Work } from "./worker.ts";

/** Newer events are measured, older ones of a log that goes on for so long are not. */
const mostEvents = 20_000;
/** Characters of the results, and as many of the answers, that are looked at. */
const mostCharacters = 1_048_576;
/** Contents that are read at once. */
const batchSize = 16;

/**
 * How well the context served, to be noted with the end of the run. A run ends, measured or not: what goes
 * wrong here is logged and counted, and there is no event then.
 */
export async function measureQuality(work: Work): Promise<readonly RunEvent[]> {
  const { options, journal } = work;
  try {
    const events = await readEvents(work);
    const quality = toQuality({
      events,
      window: toWindow(work),
      texts: await readTexts(work, events),
      isWhole: events[0]?.type === "run.created",
    });
    const atMs = options.clock.nowMs();
    return [{ v: 1, type: "context.measured", atMs, step: journal.view.step, quality }];
  } catch (error) {
    options.telemetry.count("context_measuring_faults");
    options.telemetry.log("error", "the context of a run could not be measured", { fault: error });
    return [];
  }
}

/** A run without its bundle can be cancelled all the same. */
function toWindow(work: Work): number {
  return ((work.hasBundle ? work.built.bundle.context : undefined) ?? usualContext).window;
}

async function readEvents({ options, journal, run }: Work): Promise<readonly RunEvent[]> {
  const { head } = journal;
  const after = Math.max(0, head - mostEvents);
  const events: RunEvent[] = [];
  for await (const event of listEvents(options.store.runs, { run, after, upTo: head }))
    events.push(event);
  return events;
}

interface Named {
  readonly digest: Digest;
  readonly toText: (value: Parameters<typeof asSaid>[0]) => string;
}

/** Of a call whose event does not say it. */
const usualBytes = 4_096;
/** What is shown of a result is no longer. */
const longestShown = 100_000;

async function readTexts(
  work: Work,
  events: readonly RunEvent[],
): Promise<ReadonlyMap<Digest, string>> {
  const said: Named[] = [];
  const given: Named[] = [];
  const effects = new Map<string, string>();
  const known = new Set<Digest>();
  let bytes = 0;
  for (const event of events) {
    const heard = toHeard(event);
    if (heard !== null) said.push({ digest: heard, toText: (value) => asSaid(value).text });
    if (event.type === "model.responded") {
      said.push({ digest: event.response, toText: toAnswerText });
      for (const [ordinal, { effect }] of event.calls.entries())
        effects.set(`${event.step}/${ordinal}`, effect);
    }
    const digest = toGiven(event, effects);
    // The same text again is one text.
    if (digest === null || known.has(digest)) continue;
    known.add(digest);
    given.push({ digest, toText: (value) => asResult(value).text });
    const size = event.type === "call.ended" ? event.bytes : undefined;
    bytes += Math.min(longestShown, size ?? usualBytes);
  }
  const texts = new Map<Digest, string>();
  await readUpTo(work, said, texts);
  await readUpTo(work, sample(given, bytes), texts);
  return texts;
}

function toAnswerText(value: Parameters<typeof asAnswered>[0]): string {
  const { text, calls } = asAnswered(value);
  return [text, ...calls.map(({ args }) => args)].join("\n");
}

/** From all over the run, where there are more than are looked at. */
function sample(given: readonly Named[], bytes: number): readonly Named[] {
  const stride = Math.max(1, Math.ceil(bytes / mostCharacters));
  return given.filter((_, index) => index % stride === 0);
}

/** In their order, as many as there is room for. */
async function readUpTo(
  { contents }: Work,
  named: readonly Named[],
  texts: Map<Digest, string>,
): Promise<void> {
  let left = mostCharacters;
  for (let at = 0; at < named.length && left > 0; at += batchSize) {
    const batch = named.slice(at, at + batchSize);
    const values = await contents.read(batch.map(({ digest }) => digest));
    for (const [index, { digest, toText }] of batch.entries()) {
      const text = toText(values[index]!);
      if (text.length > left) return;
      left -= text.length;
      texts.set(digest, text);
    }
  }
}

/** The figures of a run that has ended just now. */
export function tellQuality(telemetry: Telemetry, { created, quality, state }: RunView): void {
  if (quality === null || !ends.has(state)) return;
  const { agent } = created;
  for (const [measure, of, whole] of toShares(quality))
    if (whole > 0) telemetry.observe("context_quality", of / whole, { agent, measure });
  const { window } = quality;
  if (window === null) return;
  const { mean, largest } = window;
  const sources = Object.values(mean.sources).reduce((sum, each) => sum + each, 0);
  const parts = { ...mean, sources: Math.min(1, sources), largest };
  for (const part of ["instructions", "tools", "conversation", "sources", "largest"] as const)
    telemetry.observe("context_window_share", parts[part], { part });
}

const ends: ReadonlySet<RunView["state"]> = new Set([
  "partial",
  "completed",
  "failed",
  "cancelled",
]);

/** What there was none of has no share. */
export function toShares(quality: RunQuality) {
  const { calls, judged, factsRead } = quality;
  return [
    ["well_formed", quality.wellFormed, calls],
    ["repeated", quality.repeated, calls],
    ["contradictions", Math.min(calls, quality.contradictions), calls],
    ["unused", quality.unused, judged],
    ["stale_facts", quality.staleFacts, factsRead],
  ] as const;
}

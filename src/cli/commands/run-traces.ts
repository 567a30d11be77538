import type { Client, RunContext } from "../../client/client.ts";
import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderExplanation } from "../render-explanation.ts";
import { renderTrace } from "../render-trace.ts";
import type { Flags } from "./runs.ts";

export interface ExportFlags extends Flags {
  readonly contents: boolean;
}

export const showTrace: Run<Flags, [string]> = async ({ parts, voice }, flags, id) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.getRunTrace({ id });
  voice.answer(body, renderTrace(body, voice.paint));
  return exitCodes.ok;
};

export const explainRun: Run<Flags, [string]> = async ({ parts, voice }, flags, id) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.getRunExplanation({ id });
  voice.answer(body, renderExplanation(body, voice.paint));
  return exitCodes.ok;
};

/** A file is read whole by whoever opens it. */
const mostEvents = 50_000;

export const exportRun: Run<ExportFlags, [string]> = async ({ parts }, flags, id) => {
  const { client } = await parts.connect(flags.url);
  const { body: shown } = await client.getRun({ id });
  const run = flags.contents ? shown : { ...shown, output: null };
  const { body: trace } = await client.getRunTrace({ id });
  const { body: explanation } = await client.getRunExplanation({ id });
  const events = await readEvents(client, id, flags.contents);
  const contexts = await readContexts(client, id, { events, hasContents: flags.contents });
  const file = {
    format: "countersign-run",
    version: 1,
    run,
    trace,
    events,
    explanation,
    contexts,
  };
  parts.streams.out(`${JSON.stringify(file)}\n`);
  return exitCodes.ok;
};

type Page = Awaited<ReturnType<Client["listRunEvents"]>>["body"];
type Event = Page["events"][number];

async function readEvents(client: Client, id: string, hasContents: boolean) {
  const events: Event[] = [];
  for (let after: number | null = 0; after !== null;) {
    const contents = hasContents ? "true" : "false";
    const { body }: { readonly body: Page } = await client.listRunEvents({ id, after, contents });
    for (const each of body.events) events.push(await complete(client, id, each));
    if (events.length > mostEvents)
      throw new Fault("payload_too_large", `The run has more than ${mostEvents} events.`);
    after = body.next;
  }
  return events;
}

/** Of a run with more steps those that came last: one takes a request. */
const mostContexts = 1_000;

/** What the model was shown, step by step; without the words of a summary where no texts are wanted. */
async function readContexts(
  client: Client,
  id: string,
  { events, hasContents }: { readonly events: readonly Event[]; readonly hasContents: boolean },
): Promise<readonly RunContext[]> {
  const asked = events.flatMap(({ event }) => {
    const { type, step } = event as { readonly type: string; readonly step?: number };
    return type === "model.asked" && step !== undefined ? [step] : [];
  });
  const contexts: RunContext[] = [];
  for (const step of [...new Set(asked)].slice(-mostContexts)) {
    const context = await orGone(async () => (await client.getRunContext({ id, step })).body);
    if (context === null) continue;
    const { summary } = context;
    const isBare = summary === null || hasContents;
    contexts.push(
      isBare ? context : { ...context, summary: { ...summary, text: null, ledger: null } },
    );
  }
  return contexts;
}

/** A page leaves out texts for which it has no room: each is asked for by its digest. */
async function complete(client: Client, id: string, each: Event): Promise<Event> {
  const { contents } = each.event as {
    readonly contents?: Readonly<Record<string, string | null>>;
  };
  if (contents === undefined) return each;
  const read = Object.entries(contents).map(
    async ([digest, text]) => [digest, text ?? (await readText(client, id, digest))] as const,
  );
  const texts: Readonly<Record<string, string | null>> = Object.fromEntries(
    await Promise.all(read),
  );
  return { ...each, event: withContents(each.event, texts) };
}

function withContents(event: Event["event"], contents: object): Event["event"] {
  return Object.assign({ ...event }, { contents });
}

async function readText(client: Client, id: string, digest: string): Promise<string | null> {
  return orGone(async () => (await client.getRunContent({ id, digest })).body.text);
}

/** Null: it is gone. */
async function orGone<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return null;
    throw error;
  }
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { KeyHolder } from "../../authority/keyring.ts";
import { closest } from "../../lib/closest.ts";
import { toMatch } from "../../lib/to-match.ts";
import { Fault } from "../../model/index.ts";
import { parseTraceparent } from "../../model/trace-context.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Completing, Completions } from "../../run/completing.ts";
import type { ModelRouter } from "../../run/model-router.ts";
import { checkRole } from "../app.ts";
import { logBug, type Visit } from "../door.ts";
import { checkContent } from "../negotiate.ts";
import { decodeText, readBody } from "../read-body.ts";
import { principalOf } from "../tenant-of.ts";
import { chatRoutes } from "./chat-routes.ts";
import { parseCompletion } from "./parse-completion.ts";
import { streamAnswer } from "./stream-answer.ts";
import { toCompletion, type AnswerHead } from "./to-chunks.ts";
import { untilSent } from "./until-sent.ts";

export interface ChatOptions {
  /** Of the revision that is serving; asked once a request. */
  readonly completions: () => Completions;
  readonly models: () => Pick<ModelRouter, "aliases">;
  readonly limits: () => { readonly bodyBytes: number };
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Models for agents built elsewhere, in OpenAI's format. */
export interface Chat {
  /** Answers wholly, or throws before anything is written. */
  serve(incoming: IncomingMessage, outgoing: ServerResponse, visit: Visit): Promise<void>;
  /** Resolves when no answer is under way. */
  whenIdle(): Promise<void>;
}

export function isCompletion(method: string, path: string): boolean {
  return method === "POST" && path === "/v1/chat/completions";
}

export function createChat(options: ChatOptions): Chat {
  const underWay = new Set<Promise<void>>();
  return {
    async serve(incoming, outgoing, visit) {
      const answering = answer(options, { incoming, outgoing, visit });
      underWay.add(answering);
      try {
        await answering;
      } finally {
        underWay.delete(answering);
      }
    },
    whenIdle: async () => void (await Promise.allSettled(underWay)),
  };
}

interface Arrival {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly visit: Visit;
}

async function answer(
  { completions, models, limits, clock, telemetry }: ChatOptions,
  { incoming, outgoing, visit }: Arrival,
): Promise<void> {
  const route = chatRoutes.createChatCompletion;
  checkRole(route, visit);
  checkContent(incoming.headers, route.consumes);
  const text = decodeText(await readBody(incoming, limits().bodyBytes));
  const { id, holder, signal } = visit;
  signal.throwIfAborted();
  const { alias, request, sent, ...how } = parseCompletion(text);
  checkAlias(holder, alias, Object.keys(models().aliases));
  const trace = parseTraceparent(incoming.headers["traceparent"])?.trace ?? null;
  const asked = { id, principal: principalOf(holder), alias, request, sent, trace, signal };
  const complete = (rest: Pick<Completing, "onAttempt" | "onEvent">) =>
    completions().complete({ ...asked, ...rest });
  let head: AnswerHead = { id, createdMs: clock.nowMs(), alias, fingerprint: null };
  const onAttempt: Completing["onAttempt"] = ({ backend, model }) => {
    head = { ...head, fingerprint: `${backend}:${model}` };
  };
  if (how.streams) {
    const { includesUsage } = how;
    const onBug = (error: unknown) => logBug(telemetry, id, error);
    const heard = { outgoing, clock, signal, includesUsage, head: () => head, onBug };
    return streamAnswer(heard, (onEvent) => complete({ onAttempt, onEvent }));
  }
  const completed = await complete({ onAttempt, onEvent: () => undefined });
  signal.throwIfAborted();
  const body = JSON.stringify(toCompletion(head, completed));
  outgoing.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  outgoing.end(body);
  await untilSent(outgoing, clock);
}

/** What a caller may not ask is to it as if it were not there. */
function checkAlias(holder: KeyHolder | null, alias: string, aliases: readonly string[]): void {
  const known = listAliases(holder, aliases);
  if (known.includes(alias)) return;
  const meant = closest(alias, known);
  const near = meant === null ? "" : ` Did you mean ${meant}?`;
  const shown = known.length > maxShown ? "" : ` Models: ${known.join(", ") || "none"}.`;
  throw new Fault("not_found", `There is no model ${alias}.${near}${shown}`, {
    details: { param: "model" },
  });
}

const maxShown = 16;

/** Whoever is held to toolsets was given less than everything, and asks the models that it was given. */
export function listAliases(
  holder: KeyHolder | null,
  aliases: readonly string[],
): readonly string[] {
  const { models, toolsets = [] } = holder ?? {};
  if (models !== undefined) return aliases.filter(toMatch(models));
  return toolsets === null ? aliases : [];
}

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { listFittingTurns, type ModelScript, type ScriptTurn } from "../../model/model-script.ts";
import type { Clock } from "../../ports/clock.ts";
import { readAnthropic, readOpenai, type AskedModel } from "./asked.ts";
import { fillTurn } from "./fill-turn.ts";
import { playTurn } from "./play-turn.ts";
import { toSaid } from "./said.ts";
import {
  toAnthropicError,
  toAnthropicFailure,
  toAnthropicModels,
  toMessage,
  toMessageEvents,
} from "./write-anthropic.ts";
import {
  toChunks,
  toCompletion,
  toOpenaiError,
  toOpenaiFailure,
  toOpenaiModels,
} from "./write-openai.ts";

export interface ScriptedServer {
  /** Its origin; chat.completions is below `/v1`, messages at `/v1/messages`. */
  readonly url: string;
  /** As it names itself: no answer of it can be taken for one of a model. */
  readonly model: string;
  close(): Promise<void>;
}

export interface ScriptedOptions {
  readonly script: ModelScript;
  readonly clock: Clock;
  /** The key that it wants; null: it takes any, and none. */
  readonly key: string | null;
}

const maxBodyBytes = 32 * 1024 * 1024;

/** A server on loopback that speaks both formats, and says what its script says. */
export async function startScriptedServer(options: ScriptedOptions): Promise<ScriptedServer> {
  const model = `scripted/${options.script.name}`;
  const taken = options.script.turns.map(() => 0);
  const closing = new AbortController();
  const server = createServer((incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, closing.signal]);
    const serving = { ...options, model, taken, signal };
    answer(serving, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    model,
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Serving extends ScriptedOptions {
  readonly model: string;
  /** How often each turn was taken. */
  readonly taken: number[];
  readonly signal: AbortSignal;
}

type Format = "openai" | "anthropic";

async function answer(
  serving: Serving,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const path = incoming.url?.split("?", 1)[0] ?? "";
  const format: Format =
    path === "/v1/messages" || incoming.headers["anthropic-version"] !== undefined
      ? "anthropic"
      : "openai";
  const refuse = (status: number, message: string, headers: Record<string, string> = {}): void => {
    const toError = format === "openai" ? toOpenaiError : toAnthropicError;
    send(
      outgoing,
      { status, headers: { ...label(serving), ...headers } },
      toError(status, message),
    );
  };
  if (!hasKey(serving, incoming)) return refuse(401, "This key is not the one in the script.");
  if (incoming.method === "GET" && path === "/v1/models") {
    const toModels = format === "openai" ? toOpenaiModels : toAnthropicModels;
    const models = toModels(serving.model, serving.clock.nowMs());
    return send(outgoing, { status: 200, headers: label(serving) }, models);
  }
  const isKnown = path === "/v1/chat/completions" || path === "/v1/messages";
  if (incoming.method !== "POST" || !isKnown) return refuse(404, "There is nothing at this path.");
  const body = await readJson(incoming);
  const asked = format === "openai" ? readOpenai(body) : readAnthropic(body);
  if (asked === null) return refuse(400, "The request is not one of this format.");
  const turn = takeTurn(serving, asked);
  if (turn === null) return refuse(400, "No turn of the script fits this conversation.");
  if (turn.fault?.kind === "status") {
    const { status, retryAfter } = turn.fault;
    const wait: Record<string, string> =
      retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
    return refuse(status, "The script says so.", wait);
  }
  const filled = fillTurn(turn, asked.results);
  if (filled.kind === "missing") return refuse(400, filled.why);
  await play(serving, outgoing, { format, asked, turn: filled.turn });
}

interface Playing {
  readonly format: Format;
  readonly asked: AskedModel;
  readonly turn: ScriptTurn;
}

function play(serving: Serving, outgoing: ServerResponse, { format, asked, turn }: Playing) {
  const { clock, model, signal } = serving;
  const said = toSaid({ turn, asked, model, createdMs: clock.nowMs() });
  const { streams } = asked;
  const { fault } = turn;
  const failed = "The script gives up here.";
  const played =
    format === "openai"
      ? {
          whole: toCompletion(said),
          events: toChunks(said, asked.wantsUsage),
          failure: toOpenaiFailure(failed),
        }
      : {
          whole: toMessage(said),
          events: toMessageEvents(said),
          failure: toAnthropicFailure(failed),
        };
  return playTurn(
    outgoing,
    { ...played, streams, fault },
    { clock, headers: label(serving), signal },
  );
}

/** The first one that fits and is not used up. */
function takeTurn({ script, taken }: Serving, { scene }: AskedModel): ScriptTurn | null {
  const place = listFittingTurns(script, scene).find(
    (index) => taken[index]! < (script.turns[index]!.times ?? Number.POSITIVE_INFINITY),
  );
  if (place === undefined) return null;
  taken[place]! += 1;
  return script.turns[place]!;
}

function label({ script }: Serving): Readonly<Record<string, string>> {
  return { "x-scripted-model": script.name };
}

function hasKey({ key }: Serving, { headers }: IncomingMessage): boolean {
  return key === null || headers.authorization === `Bearer ${key}` || headers["x-api-key"] === key;
}

function send(
  outgoing: ServerResponse,
  {
    status,
    headers,
  }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  body: object,
): void {
  outgoing
    .writeHead(status, { ...headers, "content-type": "application/json" })
    .end(JSON.stringify(body));
}

/** Null where it is no JSON; a body beyond the bound ends the connection. */
async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return null;
  }
}

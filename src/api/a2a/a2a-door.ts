import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody as readMessages, type RequestMessage } from "../../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../../mcp/rpc-error.ts";
import { writeResult } from "../../mcp/write-message.ts";
import { Fault } from "../../model/index.ts";
import { drainingFault } from "../admission.ts";
import type { Visit } from "../door.ts";
import { checkContent } from "../negotiate.ts";
import { endAnswer, type OutStream } from "../out-stream.ts";
import { createOutStreams, toStreamEndMs } from "../out-streams.ts";
import { readBody } from "../read-body.ts";
import { mayStart } from "../start-run.ts";
import { a2aVersion } from "./card.ts";
import { serveCards } from "./cards.ts";
import { followTask } from "./follow.ts";
import { callMethod, type Reply } from "./methods.ts";
import { findExposed, type A2aOptions, type Calling } from "./options.ts";
import { isA2aDocument, parseA2aPath } from "./paths.ts";
import { answerRefusal, refuse } from "./refusals.ts";
import { isOver, toUpdates, type TaskLook } from "./task.ts";

export interface A2aDoor {
  /** Answers wholly, or throws before anything is written. */
  serve(incoming: IncomingMessage, outgoing: ServerResponse, visit: Visit): Promise<void>;
  /** Ends whatever waits. Tasks go on; their clients come again. */
  close(): void;
}

/** As large as a start of a run may be. */
const mostBytes = 2_097_152;

/** Where other agents arrive: `/a2a/{agent}` by JSON-RPC, and the cards that say so. */
export function createA2aDoor(options: A2aOptions): A2aDoor {
  const closing = new AbortController();
  const streams = createOutStreams(options.clock);
  return {
    async serve(incoming, outgoing, visit) {
      const path = toPath(incoming);
      if (isA2aDocument(path)) return serveCards(options, incoming, outgoing);
      let id: RequestMessage["id"] | null = null;
      try {
        const calling = toCalling(options, incoming, visit);
        const request = await readRequest(options, incoming);
        ({ id } = request);
        checkVersion(incoming);
        const { signal } = visit;
        const asked = { ...calling, options, request, signal, closing: closing.signal };
        const reply = await callMethod(asked);
        if (reply.kind === "result")
          answer(options, outgoing, writeResult(id, JSON.stringify(reply.result)));
        else {
          const streaming = { options, holder: visit.holder, id: request.id };
          await streams.serve(outgoing, signal, (out) => send(streaming, out, reply));
        }
      } catch (error) {
        answerRefusal(outgoing, id, error);
      }
    },
    close() {
      closing.abort(drainingFault());
      streams.close();
    },
  };
}

/** As it came: with its dots taken out, it would be a path that nobody on the way has seen. */
function toPath(incoming: IncomingMessage): string {
  return (incoming.url ?? "").split("?", 1)[0]!;
}

/** What is not exposed is not there, whatever key is shown. */
function toCalling(options: A2aOptions, incoming: IncomingMessage, { holder }: Visit): Calling {
  const place = parseA2aPath(toPath(incoming));
  const agent = place?.kind === "calls" ? place.agent : null;
  if (agent === null || findExposed(options, agent) === null)
    throw new Fault("not_found", "There is no agent at this path.");
  if (!mayStart(holder))
    throw new Fault("forbidden", "Agents are called with the role admin or caller.");
  if (incoming.method !== "POST")
    throw new Fault("method_not_allowed", "This path takes POST.", {
      details: { allow: ["POST"] },
    });
  return { agent, holder };
}

async function readRequest(
  { limits }: A2aOptions,
  incoming: IncomingMessage,
): Promise<RequestMessage> {
  checkContent(incoming.headers, ["application/json"]);
  const body = readMessages(await readBody(incoming, Math.min(limits().bodyBytes, mostBytes)));
  if (body.kind === "single" && body.message.kind === "request") return body.message;
  throw new RpcRefusal(rpcCodes.invalidRequest, "The body is one request with an id.");
}

/** In a header, or behind the path; without either it is 0.3. Patches are no versions of the protocol. */
function checkVersion(incoming: IncomingMessage): void {
  const header = incoming.headers["a2a-version"];
  const { searchParams } = new URL(incoming.url ?? "", "http://localhost");
  const given = header ?? searchParams.get("A2A-Version") ?? "";
  const named = String(given).trim();
  if (/^1\.0(?:\.\d{1,4})?$/.test(named)) return;
  const said = named === "" ? "names no version, which stands for 0.3" : `is of another version`;
  throw refuse("VERSION_NOT_SUPPORTED", `The request ${said}. A2A-Version takes ${a2aVersion}.`, {
    supportedVersions: a2aVersion,
  });
}

function answer({ clock }: A2aOptions, outgoing: ServerResponse, body: string): void {
  outgoing.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  endAnswer(outgoing, clock, body);
}

interface Streaming {
  readonly options: A2aOptions;
  readonly holder: Visit["holder"];
  readonly id: RequestMessage["id"];
}

/** Read from the run's log: a stream that ends costs nothing, and another one begins where it is by then. */
async function send(
  { options, holder, id }: Streaming,
  out: OutStream,
  { task, tenant, look: first, haltsAfter }: Extract<Reply, { kind: "stream" }>,
): Promise<void> {
  const write = (result: object): Promise<void> =>
    out.write(`data: ${writeResult(id, JSON.stringify(result))}\n\n`);
  const untilMs = toStreamEndMs(options.clock, holder);
  const mayGo = (look: TaskLook): boolean =>
    isOver(look) ||
    (haltsAfter !== null && look.head > haltsAfter && look.state === "TASK_STATE_INPUT_REQUIRED");
  await write({ task });
  if (isOver(first)) return;
  let before = first;
  for await (const look of followTask(options, { tenant, run: first.run, untilMs }, out)) {
    const updates = toUpdates(before, look);
    for (const update of updates) await write(update);
    if (updates.length === 0) await out.write(": \n\n");
    before = look;
    if (mayGo(look)) return;
  }
}

import { callerKey } from "../mcp/gate-under-test.ts";
import { createLegacyClient } from "../mcp/raw-clients.ts";
import { agreed, createTell, endOf, sendOnce, stateOf, type Json } from "./attack-scene.ts";

/** How a client of one kind makes one call that a person is asked about. */
export interface Way {
  readonly name: string;
  /** The call waits while the person is asked; else the client comes back for it. */
  readonly waits: boolean;
  /** It names its call by itself when it comes back, and has no state of it. */
  readonly forgets: boolean;
  /** What became of it in the end, in a word. */
  call(gateUrl: string, wanted: Wanted): Promise<string>;
}

export interface Wanted {
  readonly args: Json;
  readonly tool?: string;
  /** What happens while the person is asked. */
  readonly onAsked: () => unknown;
  /** What the client itself answers to the question. */
  readonly says?: Json;
}

const accept = agreed.approval;

function modern(name: string, capabilities: Json): Way {
  return {
    name: `2026-07-28, ${name}`,
    waits: false,
    forgets: false,
    async call(gateUrl, { onAsked, says = accept, ...sent }) {
      const first = await sendOnce(gateUrl, { ...sent, capabilities });
      if (endOf(first) !== "input_required") return endOf(first);
      await onAsked();
      const more = { capabilities, state: stateOf(first), responses: { approval: says } };
      return endOf(await sendOnce(gateUrl, { ...sent, ...more }));
    },
  };
}

function legacy(version: string, name: string, capabilities: Json): Way {
  return {
    name: `${version}, ${name}`,
    waits: true,
    forgets: false,
    async call(gateUrl, { args, tool = "bank__pay", onAsked, says = accept }) {
      // What fails while it waits ends the waiting.
      const failed = Promise.withResolvers<never>();
      let asking: Promise<unknown> = Promise.resolve();
      const answer = (): Json => {
        asking = Promise.resolve(onAsked());
        asking.catch((error: Error) => failed.reject(error));
        return says;
      };
      const client = await createLegacyClient({ url: gateUrl, answer, capabilities }, version);
      const called = client.request("tools/call", { name: tool, arguments: args });
      const said = await Promise.race([called, failed.promise]);
      await asking;
      return endOf(said);
    },
  };
}

/** A client that cannot be asked is told in words, and calls again. */
function inWords(name: string, send: (gateUrl: string, wanted: Wanted) => Promise<string>): Way {
  return {
    name,
    waits: false,
    forgets: true,
    async call(gateUrl, wanted) {
      const first = await send(gateUrl, wanted);
      if (first !== "asks") return first;
      await wanted.onAsked();
      return send(gateUrl, wanted);
    },
  };
}

async function sendRest(gateUrl: string, { args, tool = "bank__pay" }: Wanted): Promise<string> {
  const called = { name: tool, arguments: args };
  const { status, body } = await createTell(gateUrl)("tools/call", called, callerKey);
  if (status !== 200) return String((body["error"] as Json)["code"]);
  const result = body["result"] as Json;
  return body["outcome"] === "refused" ? String(result["code"]) : endOf({ result });
}

const form = { elicitation: { form: {} } };
const url = { elicitation: { url: {} } };

export const ways: readonly Way[] = [
  modern("a URL", url),
  modern("a form", form),
  legacy("2025-03-26", "a form", { elicitation: {} }),
  legacy("2025-06-18", "a form", { elicitation: {} }),
  legacy("2025-11-25", "a form", form),
  legacy("2025-11-25", "a URL", url),
  inWords("2026-07-28, words", async (gateUrl, { args, tool = "bank__pay" }) =>
    endOf(await sendOnce(gateUrl, { args, tool })),
  ),
  inWords("2025-11-25, words", async (gateUrl, { args, tool = "bank__pay" }) => {
    const client = await createLegacyClient({ url: gateUrl, answer: () => ({}), capabilities: {} });
    return endOf(await client.request("tools/call", { name: tool, arguments: args }));
  }),
  inWords("REST", sendRest),
];

import { execFileSync } from "node:child_process";
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  canonicalizeAgentCard,
  verifyAgentCardSignature,
  type AgentCard,
  type StreamResponse,
  type Task,
} from "@a2a-js/sdk";
import {
  ClientFactory,
  ClientFactoryOptions,
  createAuthenticatingFetchWithRetry,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  type Client,
} from "@a2a-js/sdk/client";
import canonicalize from "canonicalize";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { openA2aOffice } from "./a2a-office.ts";

// The protocol's own client, against the whole product.
vi.setConfig({ testTimeout: 120_000 });

/** As numbered by the protocol's definition. */
const states = { submitted: 1, working: 2, completed: 3, canceled: 5, input: 6, auth: 8 } as const;

type Office = Awaited<ReturnType<typeof openA2aOffice>>;

const cardPath = "/.well-known/agent-card.json";
type SignedCard = AgentCard & { readonly signatures: readonly [Signed] };
interface Signed {
  readonly protected: string;
  readonly signature: string;
}
interface Keys {
  readonly keys: readonly (JsonWebKey & { readonly kid: string })[];
}

async function readJson<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

const verify = verifyAgentCardSignature(async (kid, jku) => {
  const { keys } = await readJson<Keys>(jku!);
  const key = keys.find((each) => each.kid === kid);
  if (key === undefined) throw new Error("no such key");
  return createPublicKey({ key, format: "jwk" });
});

/** As it came: of a card that it has parsed, this client forgets the security schemes (a2a-js#663). */
async function readVerified(card: AgentCard): Promise<AgentCard> {
  await verify(card);
  return new DefaultAgentCardResolver().normalizeAgentCard(card);
}

/** By the card that it finds and verifies, with nothing else known but the address and the key. */
async function connect({ up }: Office, key: string): Promise<Client> {
  const fetchImpl = createAuthenticatingFetchWithRetry(fetch, {
    headers: async () => ({ authorization: `Bearer ${key}` }),
    shouldRetryWithHeaders: async () => undefined,
  });
  const options = ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
    transports: [new JsonRpcTransportFactory({ fetchImpl })],
    // The card needs no key.
    cardResolver: { resolve: async (url) => readVerified(await readJson(`${url}${cardPath}`)) },
  });
  return new ClientFactory(options).createFromUrl(up.url);
}

let sent = 0;
function toRequest(text: string, more: { taskId?: string; returnImmediately?: boolean } = {}) {
  sent += 1;
  return {
    tenant: "",
    message: {
      messageId: `message-${sent}`,
      contextId: "",
      taskId: more.taskId ?? "",
      role: 1,
      parts: [
        {
          content: { $case: "text" as const, value: text },
          metadata: undefined,
          filename: "",
          mediaType: "",
        },
      ],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    configuration: {
      acceptedOutputModes: ["text/plain"],
      taskPushNotificationConfig: undefined,
      returnImmediately: more.returnImmediately ?? false,
    },
    metadata: undefined,
  };
}

async function send(client: Client, ...asked: Parameters<typeof toRequest>): Promise<Task> {
  const result = await client.sendMessage(toRequest(...asked));
  if (!("status" in result)) throw new Error("a message came in the place of a task");
  return result;
}

async function collect(stream: AsyncIterable<StreamResponse>): Promise<readonly StreamResponse[]> {
  const all: StreamResponse[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

const textOf = (
  parts: readonly { content?: { $case: string; value: unknown } | undefined }[] = [],
) => parts.map(({ content }) => content?.value).join("");

const kindsOf = (events: readonly StreamResponse[]) => events.map(({ payload }) => payload?.$case);

async function until(client: Client, id: string, state: number): Promise<Task> {
  for (let tries = 0; tries < 200; tries += 1) {
    const task = await client.getTask({ tenant: "", id });
    if (task.status?.state === state) return task;
    await systemClock.sleep(50);
  }
  throw new Error(`task ${id} does not come to ${state}`);
}

test("the official client finds the signed card, and every kind of call works by it", async () => {
  const office = await openA2aOffice();
  const client = await connect(office, office.ada);
  await checkCards(office, client);
  await checkHello(client);
  await checkSignal(client);
  await checkApproval(office, client);
  await checkCancel(client);
  const listed = await client.listTasks(toListing());
  expect(listed).toMatchObject({ totalSize: 5, nextPageToken: "" });
  await checkOthers(office, listed.tasks[0]!.id);
});

async function checkCards({ up, home, ada }: Office, client: Client): Promise<void> {
  const found = await readJson<SignedCard>(`${up.url}${cardPath}`);
  const [first] = found.supportedInterfaces;
  const tampered = [
    { ...found, description: "Books other flights." },
    { ...found, supportedInterfaces: [{ ...first!, url: "https://evil.example" }] },
    { ...found, securitySchemes: {} },
  ];
  // The client says of each what was wrong with it.
  const said = vi.spyOn(console, "debug").mockReturnValue();
  for (const card of tampered)
    await expect(readVerified(card)).rejects.toThrow("No valid signatures");
  expect(said).toHaveBeenCalledTimes(tampered.length);
  said.mockRestore();
  // The two canonical forms, the client's and the RFC's, are one.
  const { signatures, ...bare } = found;
  expect(canonicalizeAgentCard(found)).toBe(canonicalize(bare));
  await checkByOpenssl({ up, home }, bare, signatures[0]);
  expect(found.skills.map(({ id }) => id)).toEqual(["travel"]);
  // With a key, the tools are on the card as well.
  const readIds = async () => (await client.getAgentCard()).skills.map(({ id }) => id);
  await expect.poll(readIds, { timeout: 30_000 }).toContain("tool:air__book");
  const extended = await client.getAgentCard();
  const response = await fetch(first!.url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${ada}`,
      "content-type": "application/json",
      "a2a-version": "1.0",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "GetExtendedAgentCard" }),
  });
  const { result } = (await response.json()) as { readonly result: SignedCard };
  expect((await readVerified(result)).version).toBe(extended.version);
}

/** By a program that shares no code with us or the client. */
async function checkByOpenssl(
  { up, home }: Pick<Office, "up" | "home">,
  bare: object,
  signed: Signed,
): Promise<void> {
  const { keys } = await readJson<Keys>(`${up.url}/a2a/jwks.json`);
  const at = (name: string) => path.join(home.directory, name);
  const key = createPublicKey({ key: keys[0]!, format: "jwk" });
  writeFileSync(at("card.pem"), key.export({ format: "pem", type: "spki" }));
  const payload = Buffer.from(canonicalize(bare)!).toString("base64url");
  writeFileSync(at("card.input"), `${signed.protected}.${payload}`);
  writeFileSync(at("card.sig"), Buffer.from(signed.signature, "base64url"));
  const verb = ["pkeyutl", "-verify", "-pubin", "-inkey", at("card.pem"), "-rawin"];
  const said = execFileSync("openssl", [
    ...verb,
    "-in",
    at("card.input"),
    "-sigfile",
    at("card.sig"),
  ]);
  expect(said.toString()).toContain("Verified Successfully");
}

/** Sent and streamed; what a model says stays text. */
async function checkHello(client: Client): Promise<void> {
  const task = await send(client, "Say hello.");
  expect(task.status?.state).toBe(states.completed);
  expect(textOf(task.artifacts[0]?.parts)).toBe('Hello.\n\ndata: {"evil":true}\n\n');
  expect(task.history.map(({ parts }) => textOf(parts))).toEqual(["Say hello."]);
  const events = await collect(client.sendMessageStream(toRequest("Say hello, too.")));
  expect(kindsOf(events)[0]).toBe("task");
  expect(kindsOf(events).slice(-2)).toEqual(["artifactUpdate", "statusUpdate"]);
  const last = events.at(-1)!.payload;
  expect(last?.$case === "statusUpdate" && last.value.status?.state).toBe(states.completed);
  const found = await client.getTask({ tenant: "", id: task.id, historyLength: 0 });
  expect(found).toMatchObject({ id: task.id, contextId: task.id, history: [] });
}

async function checkSignal(client: Client): Promise<void> {
  const asked = await send(client, "Wait for the invoice.");
  expect(asked.status?.state).toBe(states.input);
  const paid = await send(client, "Invoice 4711", { taskId: asked.id });
  expect(paid.id).toBe(asked.id);
  expect(paid.status?.state).toBe(states.completed);
  expect(textOf(paid.artifacts[0]?.parts)).toBe("It is paid.");
  expect(paid.history.map(({ parts }) => textOf(parts))).toContain("Invoice 4711");
}

/** I3: the client learns who decides and where; the person does, and the stream goes on. */
async function checkApproval({ up, finKey, booked }: Office, client: Client): Promise<void> {
  const task = await send(client, "Book it.");
  expect(task.status?.state).toBe(states.auth);
  const said = textOf(task.status?.message?.parts);
  expect(said).toContain("air__book needs the approval of role:finance");
  const approval = /\/approvals\/(\S+)/.exec(said)![1]!;
  await expect(send(client, "approved", { taskId: task.id })).rejects.toThrow(
    "does not wait for a message",
  );
  const following = collect(client.resubscribeTask({ tenant: "", id: task.id }));
  const headers = { authorization: `Bearer ${finKey}`, "content-type": "application/json" };
  const url = `${up.url}/v1/approvals/${approval}`;
  const { digest } = (await (await fetch(url, { headers })).json()) as { digest: string };
  const body = JSON.stringify({ digest, word: "approved" });
  const decided = await fetch(`${url}/decision`, { method: "POST", headers, body });
  expect(decided.status, await decided.text()).toBe(200);
  const events = await following;
  expect(kindsOf(events)[0]).toBe("task");
  expect(kindsOf(events)).toContain("artifactUpdate");
  const done = await client.getTask({ tenant: "", id: task.id });
  expect(done.status?.state).toBe(states.completed);
  expect(textOf(done.artifacts[0]?.parts)).toBe("It is booked.");
  expect(readFileSync(booked, "utf8").trim().split("\n")).toHaveLength(1);
}

/** Whoever leaves a stream leaves the task alone; whoever cancels ends it. */
async function checkCancel(client: Client): Promise<void> {
  const stream = client.sendMessageStream(toRequest("Wait for the signal."));
  const first = (await stream.next()).value as StreamResponse;
  await stream.return(undefined);
  const id = first.payload?.$case === "task" ? first.payload.value.id : "";
  await until(client, id, states.input);
  const canceled = await client.cancelTask({ tenant: "", id, metadata: undefined });
  expect(canceled.status?.state).toBe(states.canceled);
  await expect(client.cancelTask({ tenant: "", id, metadata: undefined })).rejects.toThrow("over");
  await expect(collect(client.resubscribeTask({ tenant: "", id }))).rejects.toThrow("over");
}

async function checkOthers(office: Office, id: string): Promise<void> {
  const eve = await connect(office, office.eve);
  expect((await eve.listTasks(toListing())).totalSize).toBe(0);
  await expect(eve.getTask({ tenant: "", id })).rejects.toThrow("no task");
  await expect(eve.cancelTask({ tenant: "", id, metadata: undefined })).rejects.toThrow("no task");
  const stranger = await connect(office, "no-key-of-anybody");
  await expect(stranger.getTask({ tenant: "", id })).rejects.toThrow("401");
  const hidden = `${office.up.url}/a2a/clerk`;
  const headers = { authorization: `Bearer ${office.ada}`, "content-type": "application/json" };
  expect((await fetch(hidden, { method: "POST", headers, body: "{}" })).status).toBe(404);
}

function toListing() {
  return {
    tenant: "",
    contextId: "",
    status: 0,
    pageToken: "",
    statusTimestampAfter: undefined,
  };
}

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, parseDocument, type Document } from "yaml";
import { Stopped } from "./stopped.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Wishes {
  /** Where countersign.yaml is. */
  readonly directory: string;
  readonly variables: Variables;
  /** Where the bookings answer; null: where countersign.yaml says. */
  readonly bookingsUrl: string | null;
}

export interface Chosen {
  /** The document to start with. */
  readonly file: string;
  /** What plays, in words. */
  readonly model: string;
}

/** What an OpenAI-compatible server may take to say which models it has. */
const listWithinMs = 5_000;
const maxListBytes = 1024 * 1024;

/**
 * countersign.yaml itself, or countersign.local.yaml beside it: the same with a real model, or with another
 * address of the bookings.
 */
export async function chooseDocument({
  directory,
  variables,
  bookingsUrl,
}: Wishes): Promise<Chosen> {
  const original = path.join(directory, "countersign.yaml");
  const local = path.join(directory, "countersign.local.yaml");
  const document = parseDocument(readFileSync(original, "utf8"));
  const model = await putModel(document, directory, variables);
  const isMoved = bookingsUrl !== null && bookingsUrl !== readBookingsUrl(directory);
  if (isMoved) document.setIn(["servers", "bookings", "url"], bookingsUrl);
  if (model === null && !isMoved) {
    rmSync(local, { force: true });
    return { file: original, model: scripted };
  }
  writeFileSync(local, `# Written by \`npm start\` from countersign.yaml.\n${document.toString()}`);
  return { file: local, model: model ?? scripted };
}

const scripted =
  "scripted: no model, it says what scripted.yaml says. " +
  "For a real one, set OPENAI_API_KEY, ANTHROPIC_API_KEY or COUNTERSIGN_MODEL_URL.";

/** Where the bookings answer, as countersign.yaml says. */
export function readBookingsUrl(directory: string): string {
  const text = readFileSync(path.join(directory, "countersign.yaml"), "utf8");
  return (parse(text) as { servers: { bookings: { url: string } } }).servers.bookings.url;
}

/** Null where none is wanted. What is named by its address comes first, since it says the most. */
async function putModel(
  document: Document,
  directory: string,
  variables: Variables,
): Promise<string | null> {
  const put = (name: string): void => {
    const text = readFileSync(path.join(directory, "models", `${name}.yaml`), "utf8");
    document.setIn(["models"], document.createNode((parse(text) as { models: unknown }).models));
  };
  const url = variables["COUNTERSIGN_MODEL_URL"];
  if (url) {
    const model = variables["COUNTERSIGN_MODEL"] || (await findModel(url, variables));
    const key = variables["COUNTERSIGN_MODEL_KEY"] ? "env://COUNTERSIGN_MODEL_KEY" : null;
    put("own");
    const backend = ["models", "backends", "own"];
    document.setIn([...backend, "url"], url);
    document.setIn([...backend, "model"], model);
    if (key !== null) document.setIn([...backend, "key"], key);
    return `${model} at ${url}`;
  }
  if (variables["OPENAI_API_KEY"]) {
    put("openai");
    return "OpenAI, as models/openai.yaml says";
  }
  if (variables["ANTHROPIC_API_KEY"]) {
    put("anthropic");
    return "Anthropic, as models/anthropic.yaml says";
  }
  return null;
}

async function findModel(url: string, variables: Variables): Promise<string> {
  const wrong = (why: string) =>
    new Stopped(
      `COUNTERSIGN_MODEL_URL is ${url}, and ${why}. It takes the base URL of an OpenAI-compatible ` +
        "server, with /v1. COUNTERSIGN_MODEL names a model there.",
      2,
    );
  const place = URL.parse(`${url.replace(/\/$/, "")}/models`);
  if (place === null || !/^https?:$/.test(place.protocol)) throw wrong("that is no http URL");
  const key = variables["COUNTERSIGN_MODEL_KEY"];
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  let text: string;
  try {
    const signal = AbortSignal.timeout(listWithinMs);
    const answer = await fetch(place, { headers, signal, redirect: "error" });
    text = await answer.text();
    if (!answer.ok) throw wrong(`asked for its models it says ${answer.status}`);
  } catch (error) {
    if (error instanceof Stopped) throw error;
    throw wrong("nobody answers there");
  }
  const id = text.length > maxListBytes ? null : readFirst(text);
  if (id === null) throw wrong("it lists no model");
  return id;
}

function readFirst(text: string): string | null {
  try {
    const { data } = JSON.parse(text) as { data?: readonly { id?: unknown }[] };
    const id = data?.[0]?.id;
    return typeof id === "string" && id !== "" ? id : null;
  } catch {
    return null;
  }
}

import type { Json } from "../lib/strict-json.ts";
import { isObject, type JsonObject } from "./client-configs.ts";

/** Servers of another program's file as ours, their secrets taken out. */
export interface Imported {
  readonly servers: readonly ImportedServer[];
  /** What is left out, by its name there, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export interface ImportedServer {
  readonly name: string;
  readonly config: JsonObject;
  readonly secrets: readonly LiftedSecret[];
  /** What a person should look at. */
  readonly notes: readonly string[];
}

/** A value that stood in the file in the clear: it goes to a file of its own, and a reference stays. */
export interface LiftedSecret {
  readonly file: string;
  readonly value: string;
}

export interface ImportOptions {
  /** Directory for what is lifted. */
  readonly secretsDirectory: string;
  readonly allowNoSandbox: boolean;
}

class Skip extends Error {}

export function importServers(entries: JsonObject, options: ImportOptions): Imported {
  const servers: ImportedServer[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const taken = new Set<string>();
  for (const [given, entry] of Object.entries(entries)) {
    try {
      const name = toName(given);
      if (taken.has(name)) throw new Skip(`another one is called ${name} already`);
      servers.push(toServer(name, entry, options));
      taken.add(name);
    } catch (error) {
      if (!(error instanceof Skip)) throw error;
      skipped.push({ name: given, reason: error.message });
    }
  }
  return { servers, skipped };
}

/** Names of ours are lower case, so that they read the same everywhere. */
function toName(given: string): string {
  const name = given
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  if (name === "") throw new Skip("no name of ours can be made of its name");
  return name;
}

function toServer(name: string, entry: Json, options: ImportOptions): ImportedServer {
  if (!isObject(entry)) throw new Skip("it is not an object");
  if (name === "countersign") throw new Skip("it is this gate itself");
  const { url, command } = entry;
  if (typeof url === "string") return toRemote({ name, url, entry }, options);
  if (typeof command === "string") return toProgram({ name, command, entry }, options);
  throw new Skip("it has neither a command nor a url");
}

interface Remote {
  readonly name: string;
  readonly url: string;
  readonly entry: JsonObject;
}

function toRemote({ name, url, entry }: Remote, options: ImportOptions): ImportedServer {
  if (!URL.canParse(url)) throw new Skip("its url is none");
  if (/[{}]/.test(url))
    throw new Skip("its url has a placeholder, which is filled in nowhere here");
  const lifting = createLifting(name, options);
  const type = entry["type"] ?? entry["transport"];
  const isSse = type === "sse" || (type === undefined && /\/sse\/?$/.test(new URL(url).pathname));
  const headers: Record<string, Json> = {};
  for (const [header, value] of Object.entries(textsOf(entry["headers"], "headers"))) {
    const [, prefix = "", secret = value] = /^((?:Bearer|Basic|token) )(.+)$/is.exec(value) ?? [];
    headers[header] = {
      secret: lifting.lift(header, secret),
      ...(prefix === "" ? {} : { prefix }),
    };
  }
  const config = {
    transport: isSse ? "sse" : "http",
    url,
    ...(isPrivate(url) ? { private: true } : {}),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
  return { name, config, ...lifting.result() };
}

interface Program {
  readonly name: string;
  readonly command: string;
  readonly entry: JsonObject;
}

function toProgram(
  { name, command: program, entry }: Program,
  options: ImportOptions,
): ImportedServer {
  const lifting = createLifting(name, options);
  if (!options.allowNoSandbox)
    lifting.note(
      "it runs in a sandbox that reaches nothing: say in `files` and `egress` what it needs",
    );
  const args = entry["args"] ?? [];
  if (!Array.isArray(args) || args.some((each) => typeof each !== "string"))
    throw new Skip("its args are not a list of texts");
  const command = [program, ...(args as readonly string[])].map((part) => {
    const variable = wholeReference(part);
    if (variable !== null || /\$\{/.test(part))
      throw new Skip(`its command has the placeholder ${part}, which is filled in nowhere here`);
    if (looksSecret("", part))
      lifting.note(`an argument looks like a secret: ${part.slice(0, 6)}…`);
    return part;
  });
  const environment: Record<string, Json> = {};
  for (const [variable, value] of Object.entries(textsOf(entry["env"], "env"))) {
    const isSecret = looksSecret(variable, value) || wholeReference(value) !== null;
    environment[variable] = isSecret ? lifting.lift(variable, value) : { value };
  }
  const directory = entry["cwd"];
  const config = {
    transport: "stdio",
    command,
    ...(options.allowNoSandbox ? { sandbox: "none" } : {}),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
    ...(typeof directory === "string" ? { directory } : {}),
  };
  return { name, config, ...lifting.result() };
}

function textsOf(value: Json | undefined, what: string): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isObject(value) || Object.values(value).some((each) => typeof each !== "string"))
    throw new Skip(`its ${what} are not texts by name`);
  return value as Readonly<Record<string, string>>;
}

function createLifting(name: string, { secretsDirectory }: ImportOptions) {
  const secrets: LiftedSecret[] = [];
  const notes: string[] = [];
  return {
    note: (text: string) => void notes.push(text),
    /** The reference that stands in the configuration in place of the value. */
    lift(label: string, value: string): string {
      const variable = wholeReference(value);
      if (variable !== null) return `env://${variable}`;
      if (/\$\{/.test(value))
        throw new Skip(`${label} has a placeholder that is filled in nowhere here`);
      const file = `${secretsDirectory}/${name}-${label.replaceAll(/[^A-Za-z0-9_-]/g, "_")}`;
      secrets.push({ file, value });
      return `file://${file}`;
    },
    result: () => ({ secrets, notes }),
  };
}

/** `${NAME}` and `${env:NAME}` as the whole value: the variable's name. */
function wholeReference(value: string): string | null {
  return /^\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(value)?.[1] ?? null;
}

const secretName = /key|token|secret|passw|credential|auth|cookie|dsn|_pat$|^pat_/i;
const knownShape = /^(?:sk-|ghp_|gho_|github_pat_|xox[abps]-|glpat-|AKIA|eyJ|-----BEGIN)/;
/** A URL that carries a password. */
const withPassword = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** Rather one reference too many than a secret left in the clear. */
function looksSecret(name: string, value: string): boolean {
  if (value === "") return false;
  if (secretName.test(name) || knownShape.test(value) || withPassword.test(value)) return true;
  const isRandom = /^[A-Za-z0-9+/_=.-]{24,}$/.test(value) && !/[/.]{1}[a-z]/.test(value);
  return isRandom && /\d/.test(value) && /[A-Za-z]/.test(value);
}

function isPrivate(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    /^(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[::1\]|\[f[cd])/.test(
      hostname,
    ) || /\.(?:local|internal|lan)$|\.localhost$/.test(hostname)
  );
}

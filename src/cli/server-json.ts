import type { Json } from "../lib/strict-json.ts";
import { Fault } from "../model/fault.ts";
import { isObject, type JsonObject } from "./client-configs.ts";

/** A `server.json` of the MCP registry, or one entry of its API, which holds one. */
export function isServerJson(document: JsonObject): boolean {
  const server = unwrap(document);
  return typeof server["name"] === "string" && ("packages" in server || "remotes" in server);
}

/** As an entry of a client's file: what the two say is the same, and is taken over the same way. */
export function fromServerJson(document: JsonObject): JsonObject {
  const server = unwrap(document);
  const name = (server["name"] as string).split("/").at(-1)!;
  const entry = findRemote(server["remotes"]) ?? findPackage(server["packages"]);
  if (entry !== null) return { [name]: entry };
  throw new Fault(
    "usage_invalid",
    `${name} comes as neither a streamable-http or sse remote nor an npm or pypi package over stdio.`,
  );
}

function unwrap(document: JsonObject): JsonObject {
  return isObject(document["server"]) ? document["server"] : document;
}

function findRemote(remotes: Json | undefined): JsonObject | null {
  for (const remote of listOf(remotes)) {
    const type = remote["type"];
    if (type !== "streamable-http" && type !== "sse") continue;
    const headers = valuesOf(listOf(remote["headers"]));
    return { type: type === "sse" ? "sse" : "http", url: remote["url"] ?? "", headers };
  }
  return null;
}

/** The version is the one that was published: nothing newer is fetched by surprise. */
function findPackage(packages: Json | undefined): JsonObject | null {
  for (const each of listOf(packages)) {
    const { identifier, version, registryType } = each;
    const transport = each["transport"];
    const isStdio = !isObject(transport) || transport["type"] === "stdio";
    if (!isStdio || typeof identifier !== "string" || typeof version !== "string") continue;
    const rest = argumentsOf(listOf(each["packageArguments"]));
    const env = valuesOf(listOf(each["environmentVariables"]));
    if (registryType === "npm")
      return { command: "npx", args: ["-y", `${identifier}@${version}`, ...rest], env };
    if (registryType === "pypi")
      return { command: "uvx", args: [`${identifier}==${version}`, ...rest], env };
  }
  return null;
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
}

/** What is given, else what is usual; what has to be given and is not comes from the environment. */
function valuesOf(inputs: readonly JsonObject[]): JsonObject {
  return Object.fromEntries(
    inputs.flatMap((input): [string, Json][] => {
      const { name, value, isRequired } = input;
      if (typeof name !== "string") return [];
      const known = value ?? input["default"];
      if (typeof known === "string") return [[name, known.replaceAll("{", "${")]];
      const variable = name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");
      return isRequired === true ? [[name, `\${env:${variable}}`]] : [];
    }),
  );
}

function argumentsOf(inputs: readonly JsonObject[]): readonly string[] {
  return inputs.flatMap((input) => {
    const { type, name } = input;
    const value = input["value"] ?? input["default"];
    const given = typeof value === "string" ? [value.replaceAll("{", "${")] : [];
    if (type === "named" && typeof name === "string") return [name, ...given];
    return given;
  });
}

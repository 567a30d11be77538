import { z } from "zod";
import { durationShape, formatDuration, parseDuration } from "./duration.ts";
import { formatSize, parseSize, sizeShape } from "./size.ts";

/**
 * The kinds of value a configuration is made of. Each reads what a person writes and encodes
 * to one canonical spelling, so that a revision's digest does not depend on how it was typed.
 * No message repeats the value: it may be a secret put in the wrong place.
 */

/** A wrong value; `suggestion` is what to write instead. */
function refuse(context: z.core.ParsePayload<unknown>, message: string, suggestion: string): never {
  context.issues.push({
    code: "custom",
    input: context.value,
    message,
    params: { suggestion },
  });
  return z.NEVER;
}

/** The pattern is for editors alone: our own check of the same text can say more than "no match". */
function spelled(message: string, shape: RegExp, title: string) {
  return z.string(message).meta({ pattern: shape.source, title });
}

/** `30s`, `1m30s`, `250ms`; milliseconds in the parsed configuration. */
export function durationField(bounds: { min: string; max: string }) {
  const minMs = parseDuration(bounds.min)!;
  const maxMs = parseDuration(bounds.max)!;
  return z.codec(
    spelled(
      "takes a duration such as 30s",
      durationShape,
      `duration, ${bounds.min} to ${bounds.max}`,
    ),
    z.int(),
    {
      decode: (text, context) => {
        const ms = parseDuration(text);
        if (ms === null)
          return refuse(context, "is not a duration; write it like 250ms, 30s or 5m", "30s");
        if (ms < minMs)
          return refuse(context, `is shorter than the least allowed, ${bounds.min}`, bounds.min);
        if (ms > maxMs)
          return refuse(context, `is longer than the most allowed, ${bounds.max}`, bounds.max);
        return ms;
      },
      encode: formatDuration,
    },
  );
}

/** `64MiB`, `16KiB`; bytes in the parsed configuration. */
export function sizeField(bounds: { min: string; max: string }) {
  const minBytes = parseSize(bounds.min)!;
  const maxBytes = parseSize(bounds.max)!;
  return z.codec(
    spelled("takes a size such as 4MiB", sizeShape, `size, ${bounds.min} to ${bounds.max}`),
    z.int(),
    {
      decode: (text, context) => {
        const bytes = parseSize(text);
        if (bytes === null)
          return refuse(context, "is not a size; write it like 512B, 16KiB or 4MiB", "4MiB");
        if (bytes < minBytes)
          return refuse(context, `is smaller than the least allowed, ${bounds.min}`, bounds.min);
        if (bytes > maxBytes)
          return refuse(context, `is larger than the most allowed, ${bounds.max}`, bounds.max);
        return bytes;
      },
      encode: formatSize,
    },
  );
}

export function countField(bounds: { min: number; max: number }) {
  const within = `takes a whole number from ${bounds.min} to ${bounds.max}`;
  return z.int(within).min(bounds.min, within).max(bounds.max, within);
}

export interface ListenAddress {
  /** An IP address without brackets, or `localhost`. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

const notAddress = "takes an IP address and a port, such as 127.0.0.1:7070 or [::1]:7070";
const addressShape = /^(?:(localhost|\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-f:.]{2,45})\]):(\d{1,5})$/;

export const listenField = z.codec(
  z.string(notAddress).regex(addressShape, notAddress).meta({ title: "address and port" }),
  z.custom<ListenAddress>(),
  {
    decode: (text, context) => {
      const [, v4, v6, port] = addressShape.exec(text)!;
      const host = v4 ?? v6!;
      const isAddress = v4 === undefined ? z.ipv6() : v4 === "localhost" ? z.literal(v4) : z.ipv4();
      if (!isAddress.safeParse(host).success || Number(port) > 65_535) {
        return refuse(context, notAddress, "127.0.0.1:7070");
      }
      return { host, port: Number(port) };
    },
    encode: ({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`),
  },
);

export function isLoopback({ host }: ListenAddress): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

const notHost =
  "takes a host name as it stands in the Host header, such as agents.example.com or agents.example.com:8443";
export const hostSchema = z
  .string(notHost)
  .max(261, notHost)
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/,
    notHost,
  )
  .meta({ title: "host names" });

const notOrigin = "takes an origin as browsers send it, such as https://console.example.com";
export const originSchema = z
  .string(notOrigin)
  .max(300, notOrigin)
  .regex(/^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/, notOrigin)
  .meta({ title: "origins" });

const nameShape = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/;

/** What a part of the document is called by. */
export const nameField = z
  .string()
  .max(64)
  .regex(nameShape, "takes a name of lower-case letters, digits, - and _")
  .meta({ title: "name" });

/** One that stands before the names of tools, or on a line with others. */
export function shortNameField(such: string) {
  const notName = `takes a name of lower-case letters, digits and single - or _, such as ${such}`;
  return z.string(notName).max(40, notName).regex(nameShape, notName).meta({ title: "name" });
}

export const toolPatternField = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9_.:/*-]+$/, "takes server__tool, with * for any characters");

export const modelPatternField = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9_.*-]+$/, "takes the alias of a model, with * for any characters");

export const notUrl = "takes an http or https URL without user, password or fragment";
export const urlField = toUrlField(isPlainUrl);
/** One that others compare letter by letter. */
export const exactUrlField = toUrlField(isExactUrl);

function toUrlField(isUrl: (text: string) => boolean) {
  return z.string(notUrl).max(2_048, notUrl).refine(isUrl, notUrl).meta({ title: "URL" });
}

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.username === "" && url.password === "" && url.hash === "";
}

/** An empty fragment is one, too. */
export function isExactUrl(text: string): boolean {
  return isPlainUrl(text) && !text.includes("#");
}

export const privateField = z
  .boolean("takes true or false")
  .prefault(false)
  .describe("Whether its address may be a private or loopback one. Link-local never is.");

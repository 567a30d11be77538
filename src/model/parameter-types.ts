import { z } from "zod";
import { isHostPattern } from "./host-list.ts";
import { isInterpreter } from "./known-programs.ts";

/**
 * Types of arguments that JSON Schema cannot say, declared for a tool and checked by parsers.
 * What is checked is text: what the server makes of it is for the server and its sandbox.
 */

const notRoot =
  "takes an absolute path without ., .., // or a slash at its end, such as /srv/files";
const rootField = z
  .string(notRoot)
  .max(1_024, notRoot)
  .regex(/^\/(?:[^/\\~\p{C}]+(?:\/[^/\\~\p{C}]+)*)?$/u, notRoot)
  .refine((root) => root.split("/").every((part) => !/[. ]$/.test(part)), notRoot)
  .refine((root) => root === root.normalize("NFC"), notRoot)
  .meta({ title: "directory" });

const pathSchema = z
  .strictObject({
    type: z.literal("path"),
    root: z
      .union([rootField, z.array(rootField).min(1).max(64)], notRoot)
      .describe("Directories that it must lie in, `..` resolved. Links are not followed here."),
    relative: z
      .boolean("takes true or false")
      .prefault(false)
      .describe("Whether it may be relative, and is then taken from the one root."),
  })
  .refine(({ root, relative }) => !relative || typeof root === "string" || root.length === 1, {
    path: ["relative"],
    message: "is true, which goes with one root",
  })
  .describe("A POSIX path.");
export type PathType = z.output<typeof pathSchema>;

const notHost = "takes a host such as api.example.com, *.example.com or 10.0.0.5, in lower case";
const hostField = z
  .string(notHost)
  .max(255, notHost)
  .refine(isHostPattern, notHost)
  .meta({ title: "host" });

/** The schemes that are understood, each with the port it means when none is written. */
export const defaultPorts = {
  https: 443,
  http: 80,
  wss: 443,
  ws: 80,
  ftp: 21,
  ftps: 990,
  sftp: 22,
  ssh: 22,
  git: 9418,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  mongodb: 27017,
  redis: 6379,
  rediss: 6379,
  amqp: 5672,
  amqps: 5671,
  ldap: 389,
  ldaps: 636,
  imap: 143,
  imaps: 993,
  smtp: 25,
  smtps: 465,
} as const;
const schemes = Object.keys(defaultPorts) as (keyof typeof defaultPorts)[];

const hostTypeSchema = z
  .strictObject({
    type: z.literal("host"),
    hosts: z
      .array(hostField, "takes a list of hosts")
      .min(1)
      .max(256)
      .describe("`*.` stands for one label or more. An address only where it is listed."),
    ports: z
      .array(z.int().min(1).max(65_535), "takes a list of ports")
      .min(1)
      .max(64)
      .optional()
      .describe("Absent: the scheme's own port."),
    schemes: z
      .array(z.enum(schemes, `takes ${schemes.join(", ")}`), "takes a list of schemes")
      .min(1)
      .max(schemes.length)
      .prefault(["https"])
      .describe("Of an argument that is a URL."),
  })
  .describe("A URL, or a bare host with or without a port. What the name resolves to is not seen.");
export type HostType = z.output<typeof hostTypeSchema>;

const emailSchema = z
  .strictObject({
    type: z.literal("email"),
    domains: z
      .array(hostField, "takes a list of domains")
      .min(1)
      .max(256)
      .describe("Domains that mail may go to; `*.` stands for one label or more."),
  })
  .describe("An address, a list of addresses, or text with addresses between commas.");
export type EmailType = z.output<typeof emailSchema>;

const notTable = "takes schema.table or schema.*, as Postgres keeps the names";
const notFunction = "takes a function's name, or schema.name, in lower case";
const sqlSchema = z
  .strictObject({
    type: z.literal("sql"),
    mode: z.literal("read", "takes read"),
    statements: z.literal(1, "takes 1").prefault(1).describe("Statements in one text."),
    tables: z
      .array(
        z
          .string(notTable)
          .max(128, notTable)
          .regex(/^[^.\s"'*\p{C}]{1,63}\.(?:\*|[^.\s"'*\p{C}]{1,63})$/u, notTable),
        "takes a list of tables",
      )
      .min(1)
      .max(1_000)
      .optional()
      .describe(
        "Tables that may be read, always with their schema. Absent: all but the system catalogs.",
      ),
    functions: z
      .array(
        z
          .string(notFunction)
          .max(128, notFunction)
          .regex(/^[a-z_][a-z0-9_$]{0,62}(?:\.[a-z_][a-z0-9_$]{0,62})?$/, notFunction),
        "takes a list of functions",
      )
      .max(256)
      .prefault([])
      .describe("Functions that may be called besides the built-in ones without effects."),
  })
  .describe("One SQL statement that reads, in the grammar of Postgres and of nothing else.");
export type SqlType = z.output<typeof sqlSchema>;

const notProgram = "takes a program's name, or its absolute path";
const notFlag = "takes an option such as -o or --output";
const commandSchema = z
  .strictObject({
    type: z.literal("command"),
    programs: z
      .array(
        z
          .string(notProgram)
          .max(255, notProgram)
          .regex(/^(?:(?:\/[A-Za-z0-9_+.-]+)*\/)?[A-Za-z0-9_+][A-Za-z0-9_+.-]*$/, notProgram)
          .refine((program) => !/\/\.{1,2}\//.test(program), notProgram),
        "takes a list of programs",
      )
      .min(1)
      .max(256)
      .describe("Compared as it is written: `git` is not `/usr/bin/git`."),
    denyFlags: z
      .array(
        z
          .string(notFlag)
          .max(64, notFlag)
          .regex(/^--?[A-Za-z0-9][A-Za-z0-9_-]*$/, notFlag),
        "takes a list of options",
      )
      .max(256)
      .prefault([])
      .describe("Options that no word may be or begin with, abbreviations included."),
    interpreter: z
      .boolean("takes true or false")
      .prefault(false)
      .describe("Whether a program may be one that runs other programs, as sh, env or python."),
  })
  .superRefine(({ programs, interpreter }, context) => {
    if (interpreter) return;
    for (const [at, program] of programs.entries()) {
      if (!isInterpreter(program)) continue;
      context.addIssue({
        code: "custom",
        path: ["programs", at],
        message:
          "runs whatever its arguments say, so that the list allows everything; say interpreter: true if that is meant",
      });
    }
  })
  .describe("A command without a shell: a list of words, or text of plain words and quotes.");
export type CommandType = z.output<typeof commandSchema>;

export const parameterTypeSchema = z.discriminatedUnion(
  "type",
  [pathSchema, hostTypeSchema, emailSchema, sqlSchema, commandSchema],
  "takes type: path, host, email, sql or command",
);
export type ParameterType = z.output<typeof parameterTypeSchema>;

// Deeper than any tool's arguments are; it bounds the walk as well.
const maxSegments = 16;
const notPointer = "takes a JSON Pointer into the arguments, such as /path or /files/*/path";
const pointerField = z
  .string(notPointer)
  .max(512, notPointer)
  .regex(/^(?:\/(?:[^~/]|~[01])+)+$/, notPointer)
  .refine((pointer) => pointer.split("/").length <= maxSegments + 1, notPointer);

export const parametersField = z
  .record(pointerField, parameterTypeSchema)
  .refine((types) => Object.keys(types).length <= 64, "takes at most 64 parameters")
  .describe(
    "What arguments are beyond their JSON Schema, by JSON Pointer; `*` stands for every item or member.",
  );
export type ParameterTypes = z.output<typeof parametersField>;

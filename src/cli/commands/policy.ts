import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import type { CliParts } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { parseArguments } from "../parse-arguments.ts";
import { readDocument, withFile } from "../read-document.ts";
import { count } from "../render-changes.ts";
import {
  renderBlastRadius,
  renderCases,
  renderExplanation,
  renderFindings,
  type TestedFile,
} from "../render-policy.ts";
import { renderJunit } from "../render-junit.ts";
import { readText } from "../read-text.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}
export interface CheckFlags extends Flags {
  readonly file?: string;
  readonly serving: boolean;
}
export interface TestFlags extends CheckFlags {
  readonly junit?: string;
}
interface WhoFlags extends Flags {
  readonly file?: string;
  readonly as?: string;
  readonly kind?: string;
  readonly tenant?: string;
  readonly role?: readonly string[];
}
export interface AskFlags extends WhoFlags {
  readonly agent?: string;
  readonly args?: string;
  readonly label?: readonly string[];
  readonly toolset?: string;
  readonly at?: string;
  readonly approved: boolean;
}
export interface BlastFlags extends WhoFlags {
  readonly toolset?: string;
}

const defaultCases = "policy.cases.yaml";
const argumentsComplaint = `--args takes a JSON object, such as '{"amount":10}'.`;

export const checkPolicy: Run<CheckFlags> = async ({ parts, voice }, flags) => {
  const document = await readRules(parts, flags);
  const { client } = await parts.connect(flags.url);
  const { body } = await client.checkPolicy({ body: JSON.stringify({ document: document.text }) });
  const findings = renderFindings(body, document.file);
  voice.answer(
    { file: document.file, ...body },
    `${findings}${count(body.rules, "rule")}, ${count(body.problems.length, "problem")}, ${count(body.warnings.length, "warning")}.`,
  );
  return body.ok ? exitCodes.ok : exitCodes.usage;
};

export const testPolicy: Run<TestFlags, string[]> = async ({ parts, voice }, flags, ...given) => {
  const names = given.length === 0 ? [defaultCases] : given;
  const document = await readRules(parts, flags);
  const { client } = await parts.connect(flags.url);
  const files: TestedFile[] = [];
  for (const file of names) {
    const cases = await readText(parts.files, file);
    const body = JSON.stringify({ document: document.text, cases });
    const tested = await withPlaces({ document: document.file, cases: file }, () =>
      client.testPolicy({ body }),
    );
    files.push({ file, ...tested.body });
  }
  const sum = (outcome: "passed" | "failed" | "wrong") =>
    files.reduce((total, each) => total + each[outcome], 0);
  const totals = { passed: sum("passed"), failed: sum("failed"), wrong: sum("wrong") };
  if (flags.junit !== undefined)
    await parts.files.write(flags.junit, renderJunit(files), { overwrite: true });
  voice.answer({ ...totals, files }, renderCases(files, voice.paint));
  return totals.failed + totals.wrong === 0 ? exitCodes.ok : exitCodes.failed;
};

export const explainPolicy: Run<AskFlags, [string]> = async ({ parts, voice }, flags, tool) => {
  const { as, label = [], toolset = "", at, approved, agent } = flags;
  if (as === undefined) throw new Fault("usage_invalid", "Say who asks: --as SUBJECT.");
  const question = {
    as: { ...toWho(flags, as), ...(agent === undefined ? {} : { agent }) },
    tool,
    labels: label,
    toolset,
    approved,
    ...(at === undefined ? {} : { at }),
  };
  const args = parseArguments(flags.args ?? "{}", argumentsComplaint);
  const document = await readGiven(parts, flags);
  const { client } = await parts.connect(flags.url);
  // The arguments go as they were typed: what a double does not keep, the server refuses.
  const asked = `${JSON.stringify(question).slice(0, -1)},"args":${args}}`;
  const body = `{"document":${JSON.stringify(document)},"question":${asked}}`;
  const places = { document: flags.file ?? "document", cases: "" };
  const explained = await withPlaces(places, () => client.explainPolicy({ body }));
  voice.answer(explained.body, renderExplanation(explained.body, voice.paint));
  return exitCodes.ok;
};

export const printPolicySchema: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body: schema } = await client.getPolicySchema();
  voice.answer({ schema }, schema.trimEnd());
  return exitCodes.ok;
};

export const showBlastRadius: Run<BlastFlags, [string?]> = async (
  { parts, voice },
  flags,
  ...[agent]
) => {
  const { as, tenant, toolset } = flags;
  if (as === undefined && agent === undefined && toolset === undefined)
    throw new Fault("usage_invalid", "Say whose: an agent, --as SUBJECT or --toolset NAME.");
  const document = await readGiven(parts, flags);
  const { client } = await parts.connect(flags.url);
  const body = JSON.stringify({
    document,
    agent,
    tenant,
    toolset: toolset ?? null,
    ...(as === undefined ? {} : { as: toWho(flags, as) }),
  });
  const places = { document: flags.file ?? "document", cases: "" };
  const found = await withPlaces(places, () => client.findBlastRadius({ body }));
  voice.answer(found.body, renderBlastRadius(found.body, voice.paint));
  return exitCodes.ok;
};

function toWho({ kind, tenant, role = [] }: WhoFlags, subject: string) {
  return { subject, kind, tenant, roles: role };
}

interface Rules {
  readonly file: string | null;
  /** Null: those that serve. */
  readonly text: string | null;
}

async function readRules(parts: CliParts, flags: CheckFlags): Promise<Rules> {
  if (!flags.serving) return readDocument(parts.files, flags.file);
  if (flags.file === undefined) return { file: null, text: null };
  throw new Fault("usage_invalid", "Say --file or --serving, not both.");
}

async function readGiven(parts: CliParts, { file }: WhoFlags): Promise<string | null> {
  return file === undefined ? null : (await readDocument(parts.files, file)).text;
}

interface Places {
  readonly document: string | null;
  readonly cases: string;
}

/** A refusal says of which text it is. */
async function withPlaces<Result>(places: Places, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const of = error instanceof Fault && error.details["of"] === "cases" ? "cases" : "document";
    return withFile(places[of] ?? "the serving configuration", Promise.reject(error as Error));
  }
}

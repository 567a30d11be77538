import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";
import { askAndApprove, attacks, toVerdict, type Attack } from "./approvals/attacks.ts";
import type { Contestant } from "./approvals/contestant.ts";
import { toCountersign } from "./approvals/countersign.ts";
import { readPayments } from "./approvals/payment.ts";
import { toRuntimes } from "./approvals/runtimes.ts";
import type { Progress } from "./main.ts";
import { readMachine, type Report } from "./report.ts";

/** Each attack this often: a result that is not the same each time is no result. */
const rounds = 3;
/** What a reader has to know of the runtimes to read the table rightly. */
const remarks = [
  "What is stored of AI SDK and OpenAI Agents JS is a text that the application keeps: its messages, its RunState. That of LangGraph JS is in its PostgresSaver, and the approval is the command that resumes.",
  "Nothing that is called here takes an approver or an end: who may approve, until when, and how often what is stored may be used is left to the application around these runtimes. An application may do all of that; what is measured is what it gets when it does as the documentation shows.",
  "Signed: with `experimental_toolApprovalSecret`, as the documentation of AI SDK advises for tools that spend money.",
  "LangGraph JS: `createAgent` with `humanInTheLoopMiddleware`. An older state is resumed by the id of its checkpoint, which its history gives.",
  "Countersign: what is stored is altered by SQL. Tampering: a second question for the wanted amount, and each row gets from the other one what helps. An older state: the row of the approval is made unused again. Two at once are two requests to one process. The definition is what the server lists when it is listed again.",
  "The tool answers 400 ms after it has paid: of two that start at once the second does not hear from the first.",
];
const programs = path.join(import.meta.dirname, "approvals");

/** Attacks on approvals, on the runtimes that npm has and on ours; a file of payments tells. */
export async function measureApprovals(progress: Progress): Promise<Report> {
  const machine = readMachine();
  installRuntimes(progress);
  const directory = mkdtempSync(path.join(tmpdir(), "cs-approvals-"));
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(directory, "pg"),
    clock: systemClock,
    random: systemRandom,
    log: () => {},
  });
  const contestants = [...toRuntimes(postgres.url), toCountersign(postgres.url)];
  try {
    const columns: Column[] = [];
    for (const contestant of contestants)
      columns.push(await toColumn(contestant, directory, progress));
    return {
      name: "Approvals under attack",
      about:
        "One tool pays, and a person is asked first. What was paid is told by a file, not by an answer.",
      machine,
      rows: attacks.map((attack) => ({
        attack: attack.name,
        ...Object.fromEntries(
          columns.map(({ contestant: { name, version }, cells }) => [
            `${name} ${version}`,
            cells.get(attack.name)?.verdict ?? "NOT RUN",
          ]),
        ),
      })),
      notes: [
        ...attacks.map(({ name, about }) => `${name}: ${about}`),
        `Each attack ${rounds} times, each on a question of its own; the results were the same unless a cell says so.`,
        "Before the attacks each runtime asked, was answered and paid once: what is held is held by a runtime that pays.",
        ...remarks,
        ...columns.flatMap(toRefusals),
      ],
    };
  } finally {
    for (const contestant of contestants) await contestant.close();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Cell {
  readonly verdict: string;
  /** How it was refused, in the runtime's own words. */
  readonly refused: string | null;
}

interface Column {
  readonly contestant: Contestant;
  readonly cells: ReadonlyMap<string, Cell>;
}

async function toColumn(
  contestant: Contestant,
  directory: string,
  progress: Progress,
): Promise<Column> {
  await proveWorking(contestant, directory);
  const cells = new Map<string, Cell>();
  for (const attack of attacks) {
    const each: Cell[] = [];
    for (let round = 0; round < rounds; round += 1)
      each.push(await toCell(contestant, attack, directory));
    const verdicts = new Set(each.map(({ verdict }) => verdict));
    const cell = each[0]!;
    cells.set(attack.name, {
      ...cell,
      verdict: verdicts.size === 1 ? cell.verdict : `unsteady: ${[...verdicts].join(" | ")}`,
    });
    progress(`${contestant.name}, ${attack.name}: ${JSON.stringify(cells.get(attack.name))}`);
  }
  return { contestant, cells };
}

/** Where nothing is ever paid every attack would be held. */
async function proveWorking(contestant: Contestant, directory: string): Promise<void> {
  const own = mkdtempSync(path.join(directory, "case-"));
  const one = await contestant.open(own);
  try {
    await askAndApprove(one);
    const refused = await one.resume();
    if (readPayments(own).length !== 1)
      throw new Error(`${contestant.name} does not pay what was approved: ${refused}`);
  } finally {
    await one.close();
  }
}

async function toCell(contestant: Contestant, attack: Attack, directory: string): Promise<Cell> {
  const own = mkdtempSync(path.join(directory, "case-"));
  const one = await contestant.open(own);
  try {
    const refused = await attack.run(one);
    return { verdict: toVerdict(attack, readPayments(own)), refused };
  } finally {
    await one.close();
  }
}

/** Of each refusal that was thrown its name: once, with the attacks that it stopped. */
function toRefusals({ contestant, cells }: Column): readonly string[] {
  const stopped = new Map<string, string[]>();
  for (const [attack, { verdict, refused }] of cells) {
    if (refused === null || !verdict.startsWith("held")) continue;
    const name = refused.split(":", 1)[0] ?? refused;
    stopped.set(name, [...(stopped.get(name) ?? []), attack]);
  }
  return [...stopped].map(
    ([name, names]) => `${contestant.name} refused with ${name}: ${names.join("; ")}.`,
  );
}

/** The runtimes are no dependencies of the product: they have a lock file of their own. */
function installRuntimes(progress: Progress): void {
  const [wanted, had] = ["package-lock.json", "node_modules/.package-lock.json"].map((file) =>
    statSync(path.join(programs, file), { throwIfNoEntry: false }),
  );
  // npm writes the second one last, and removes it first.
  if (had !== undefined && wanted !== undefined && had.mtimeMs >= wanted.mtimeMs) return;
  progress("npm ci --ignore-scripts, for the runtimes that are tried beside");
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: programs,
    stdio: ["ignore", 2, 2],
  });
}

import os from "node:os";

export interface Report {
  readonly name: string;
  readonly about: string;
  readonly machine: Machine;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly notes: readonly string[];
  /** Measured beside it, each on its own. */
  readonly sections?: readonly Report[];
}

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly node: string;
  /** Of the last minute, before the first figure was taken. */
  readonly loadBefore: number;
  readonly at: string;
}

export function readMachine(): Machine {
  const cpus = os.cpus();
  return {
    cores: cpus.length,
    model: cpus[0]?.model.trim() ?? "unknown",
    node: process.version,
    loadBefore: Number(os.loadavg()[0]?.toFixed(2)),
    at: new Date().toISOString(),
  };
}

export function toMarkdown(report: Report, heading = "#"): string {
  const columns = Object.keys(report.rows[0] ?? {});
  const toLine = (cells: readonly unknown[]): string => `| ${cells.join(" | ")} |`;
  const { machine } = report;
  return [
    `${heading} ${report.name}`,
    "",
    report.about,
    "",
    toLine(columns),
    toLine(columns.map(() => "---")),
    ...report.rows.map((row) => toLine(columns.map((column) => row[column]))),
    "",
    `${machine.cores} cores of ${machine.model}, Node ${machine.node}, load ${machine.loadBefore} before, ${machine.at}.`,
    ...report.notes.map((note) => `- ${note}`),
    "",
    ...(report.sections ?? []).map((section) => toMarkdown(section, `${heading}#`)),
  ].join("\n");
}

/** The value below which the share of a sorted list lies. */
export function toQuantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

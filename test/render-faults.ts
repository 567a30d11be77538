import { faults } from "../src/model/faults.ts";

/** The page that every refusal points at: what each code means for whoever meets it. */
export function renderFaults(): string {
  const sections = Object.entries(faults)
    .sort(([a], [b]) => a.localeCompare(b, "en"))
    .map(([code, { status, rpc, exit, retryable, hint }]) => {
      const again = retryable ? "worth trying again" : "not worth trying again unchanged";
      return `## ${code}\n\nHTTP ${status}, JSON-RPC ${rpc}, exit code ${exit}; ${again}.\n${hint}\n`;
    });
  return `# Faults

Every refusal names one of these codes, over HTTP as \`error.code\` and on the command line with
\`--json\`. This page is generated from \`src/model/faults.ts\`.

${sections.join("\n")}`;
}

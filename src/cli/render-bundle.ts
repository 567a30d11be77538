import type { Bundle, Bundles } from "../client/client.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import { count, shorten } from "./render-changes.ts";
import { renderTable } from "./render-table.ts";
import type { Paint } from "./voice.ts";

/** Agents, each with what a run would start with. */
export function renderAgents({ bundles }: Bundles): string {
  if (bundles.length === 0) return "There are no agents: docs/agents.md says how to name some.";
  return renderTable(
    bundles.map(({ agent, digest, problem, description }) => [
      agent,
      digest === null ? "none" : shorten(digest),
      problem ?? description.trimEnd(),
    ]),
  );
}

/** A bundle for people; `--json` has all of it. */
export function renderBundle({ digest, bundle }: Bundle, paint: Paint): string {
  const { agent, description, model, instructions, tools, servers, policy, limits } = bundle;
  const { alias, maxTokens, temperature, route } = model;
  const answers = route.map((group) => group.map(toBackend).join(", ")).join(", then ");
  const named = policy.rules.map(({ name }) => inert(name)).join(", ");
  const rules = policy.rules.length === 0 ? policy.rule : named;
  return [
    `${paint.bold(inert(agent))}  ${paint.dim(digest)}`,
    `  ${inert(description.trimEnd())}`,
    "",
    `  model ${inert(alias)}: ${inert(answers)}`,
    `    at most ${count(maxTokens, "token")}${temperature === null ? "" : `, temperature ${temperature}`}`,
    `  instructions: ${count(instructions.split("\n").length, "line")}`,
    `  policy ${shorten(policy.digest)}: ${rules}`,
    `  ${toLimits(limits)}`,
    "",
    renderTable(tools.map(({ exposed, effect, pin }) => [exposed, effect, shorten(pin)])),
    ...toSkillLines(bundle.skills),
    "",
    renderTable(
      servers.map(({ name, version, isolation }) => [
        name,
        version ?? "unknown version",
        isolation,
      ]),
    ),
  ].join("\n");
}

/** Each with a digest that stands for all of its files. */
function toSkillLines(skills: Bundle["bundle"]["skills"]): readonly string[] {
  if (skills.length === 0) return [];
  const rows = skills.map(({ name, digest, files }) => [
    `skill ${name}`,
    count(files.length, "file"),
    shorten(digest),
  ]);
  return ["", renderTable(rows)];
}

const inert = (text: string): string => toPlainInert(text);

function toBackend(place: Readonly<Record<string, unknown>>): string {
  const { backend, model, adapter } = place;
  const asked = [adapter, model].find((each) => typeof each === "string");
  const name = typeof backend === "string" ? backend : "?";
  return asked === undefined ? name : `${name} (${asked})`;
}

function toLimits({ caps, maxSteps, deadlineMs }: Bundle["bundle"]["limits"]): string {
  const { micros, tokens, calls } = caps;
  return [
    micros === null ? [] : [`${micros / 1_000_000} of money`],
    tokens === null ? [] : [count(tokens, "token")],
    calls === null ? [] : [count(calls, "call")],
    [count(maxSteps, "step")],
    deadlineMs === null ? [] : [count(deadlineMs / 1_000, "second")],
  ]
    .flat()
    .join(", ");
}

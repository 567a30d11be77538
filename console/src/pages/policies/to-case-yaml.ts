import type { PolicyExplanation } from "../../../../src/client/client.ts";
import type { Question } from "./question.ts";

/** A case of `policy.cases.yaml` that holds by what policy says now. Values are JSON, which YAML reads as well. */
export function toCaseYaml(question: Question, { decision }: PolicyExplanation): string {
  const { tool, args, labels, toolset, at, approved, as } = question;
  const who = [
    `subject: ${JSON.stringify(as.subject)}`,
    ...(as.kind === "service" ? ["kind: service"] : []),
    ...(as.roles.length > 0 ? [`roles: ${JSON.stringify(as.roles)}`] : []),
    ...(as.agent === undefined ? [] : [`agent: ${JSON.stringify(as.agent)}`]),
  ];
  const [reason] = decision.reasons;
  const verb = { allow: "is allowed", deny: "is denied", ask: "is asked for" }[decision.kind];
  const lines = [
    `- name: ${JSON.stringify(`${tool} of ${as.subject} ${verb}`)}`,
    `  as: { ${who.join(", ")} }`,
    `  tool: ${JSON.stringify(tool)}`,
    ...(Object.keys(args).length > 0 ? [`  args: ${JSON.stringify(args)}`] : []),
    ...(labels.length > 0 ? [`  labels: ${JSON.stringify(labels)}`] : []),
    ...(toolset === "" ? [] : [`  toolset: ${JSON.stringify(toolset)}`]),
    ...(at === undefined ? [] : [`  at: ${JSON.stringify(at)}`]),
    ...(approved ? ["  approved: true"] : []),
    `  expect: ${decision.kind}`,
    ...(reason === undefined ? [] : [`  rule: ${JSON.stringify(reason.rule)}`]),
    ...(decision.kind === "ask" && decision.approvers.length > 0
      ? [`  approvers: ${JSON.stringify(decision.approvers.map(({ who: each }) => each))}`]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

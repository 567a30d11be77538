import { closest } from "../lib/closest.ts";
import type { Json } from "../lib/strict-json.ts";
import { toDigest, toExposedName, type Principal } from "../model/index.ts";
import type { AskerOfCase, PolicyQuestion } from "../model/policy-case.ts";
import type { RecordType } from "./argument-type.ts";
import type { Facts } from "./facts.ts";
import type { Scene } from "./scene.ts";
import type { PolicyTarget } from "./target.ts";

export type AskedScene =
  | { readonly kind: "asked"; readonly target: PolicyTarget; readonly facts: Facts }
  /** Nothing that could be asked: a tool that is not there, arguments that it would refuse. */
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

type Found =
  | {
      readonly kind: "found";
      readonly target: PolicyTarget;
      readonly args: Json;
      readonly argumentType: RecordType;
      readonly sandbox: Facts["sandbox"];
    }
  | Extract<AskedScene, { kind: "wrong" }>;

/** A written question as the gate would ask it. `nowMs` null: a rule that reads the time is told none. */
export function askScene(scene: Scene, question: PolicyQuestion, nowMs: number | null): AskedScene {
  const found = findTarget(scene, question);
  if (found.kind === "wrong") return found;
  const { target, args, argumentType } = found;
  const atMs = question.at === undefined ? nowMs : Date.parse(question.at);
  const readsTime = scene.set
    .sliceOf(target)
    .reads.some(([name]) => name === undefined || name === "time");
  if (atMs === null && readsTime) return wrong("says no `at`, and a rule about it reads the time");
  const { labels, toolset, approved, run = null, as } = question;
  const facts: Facts = {
    principal: toPrincipal(as),
    roles: as.roles,
    toolset,
    args,
    argumentType,
    labels,
    nowMs: atMs ?? 0,
    run,
    sandbox: found.sandbox,
    approved,
  };
  return { kind: "asked", target, facts };
}

/** Of an agent whose bundle is not said. */
const someBundle = toDigest("");

export function toPrincipal(as: AskerOfCase): Principal {
  const { tenant, kind, subject, agent, bundle = someBundle } = as;
  return { tenant, kind, subject, actor: agent === undefined ? null : { agent, bundle } };
}

const noArguments: RecordType = { kind: "record", members: new Map() };

function findTarget(scene: Scene, question: PolicyQuestion): Found {
  const { tool, prompt, resource, server, args } = question;
  if (tool !== undefined) return findTool(scene, tool, question);
  if (!scene.toolsets.has(question.toolset))
    return wrong(unknown("toolset", question.toolset, [...scene.toolsets.keys()]));
  const owner = server ?? ownerOf(scene, prompt!);
  const known = owner === null ? undefined : scene.servers.get(owner);
  if (owner === null || known === undefined)
    return wrong(unknown("server", owner ?? prompt!, [...scene.servers.keys()]));
  const common = { server: owner, effect: "read", outward: known.outward } as const;
  const target: PolicyTarget =
    resource === undefined
      ? { ...common, ...toPrompt(owner, prompt!) }
      : { ...common, kind: "Resource", id: resource, name: resource, action: "read_resource" };
  return {
    kind: "found",
    target,
    args: args as Json,
    argumentType: noArguments,
    sandbox: known.sandbox,
  };
}

function toPrompt(server: string, prompt: string) {
  const name = prompt.slice(`${server}__`.length);
  return { kind: "Prompt", id: toExposedName(server, name), name, action: "get_prompt" } as const;
}

/** Of servers whose names begin alike, the longest. */
function ownerOf({ servers }: Scene, exposed: string): string | null {
  const fitting = [...servers.keys()].filter((name) => exposed.startsWith(`${name}__`));
  return fitting.toSorted((one, other) => other.length - one.length)[0] ?? null;
}

function findTool(scene: Scene, id: string, { toolset, args }: PolicyQuestion): Found {
  const tool = scene.tools.get(id);
  if (tool === undefined) {
    const silent = scene.unseen.find((server) => id.startsWith(`${server}__`));
    if (silent !== undefined)
      return wrong(`tool ${id} is of ${silent}, which was never listed: nothing is known of it`);
    return wrong(unknown("tool", id, [...scene.tools.keys()]));
  }
  const offered = scene.toolsets.get(toolset);
  if (offered === undefined) return wrong(unknown("toolset", toolset, [...scene.toolsets.keys()]));
  if (!offered.has(id)) return wrong(`toolset ${toolset} does not offer ${id}`);
  const filled = tool.fill(args as Json);
  if (filled.kind === "invalid")
    return { kind: "wrong", problems: filled.problems.map((each) => `args${each}`) };
  const { argumentType, sandbox } = tool;
  return { kind: "found", target: tool, args: filled.args, argumentType, sandbox };
}

export function unknown(noun: string, name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return `there is no ${noun} ${name}${meant === null ? "" : `; did you mean ${meant}?`}`;
}

function wrong(problem: string): Extract<AskedScene, { kind: "wrong" }> {
  return { kind: "wrong", problems: [problem] };
}

import type { Decision } from "../model/index.ts";
import { toExposedName } from "../model/index.ts";
import { toArgumentType, type RecordType } from "../policy/argument-type.ts";
import { createDecide, Memo, type Decide } from "../policy/decide.ts";
import type { ContextPath } from "../policy/mentioned-paths.ts";
import type { PolicySet } from "../policy/policy-set.ts";
import type { PolicyTarget } from "../policy/target.ts";
import type { CatalogTool } from "../ports/catalog.ts";
import type { Decider, Target } from "../ports/decider.ts";

/** Decisions kept, of all callers together. */
const maxDecisions = 50_000;
/** Of prompts and resources: URIs are as many as a caller likes. */
const maxTargets = 1_000;

interface Known {
  readonly decide: Decide;
  readonly argumentType: RecordType;
}

/** The rules of one revision, asked on the hot path: what was found out once about a tool is kept with it. */
export function createPolicyDecider(set: PolicySet): Decider {
  const memo = new Memo(maxDecisions);
  const ofTools = new WeakMap<CatalogTool, Known>();
  const ofOthers = new Map<string, Known>();

  function find(about: Target): Known {
    const { tool } = about;
    return tool === null ? findOther(about) : findTool(tool, about);
  }

  function findTool(tool: CatalogTool, about: Target): Known {
    const known = ofTools.get(tool);
    if (known !== undefined) return known;
    const made = {
      decide: createDecide(set, toTarget(about), memo),
      argumentType: toArgumentType(toInputSchema(tool)),
    };
    ofTools.set(tool, made);
    return made;
  }

  function findOther(about: Target): Known {
    const key = `${about.method}\n${about.kind}\n${about.server.name}\n${about.target}`;
    const known = ofOthers.get(key);
    if (known !== undefined) return known;
    const made = { decide: createDecide(set, toTarget(about), memo), argumentType: noArguments };
    if (ofOthers.size >= maxTargets) ofOthers.clear();
    ofOthers.set(key, made);
    return made;
  }

  return {
    keepsLabels: set.rules.some(({ reads }) => readLabels(reads)),
    readsLabels: (about) => readLabels(find(about).decide.reads),
    decide(question): Decision {
      const { decide, argumentType } = find(question);
      return decide({ ...question, argumentType });
    },
  };
}

const noArguments: RecordType = { kind: "record", members: new Map() };

export function toInputSchema({ text }: Pick<CatalogTool, "text">): unknown {
  return (JSON.parse(text) as { readonly inputSchema?: unknown }).inputSchema;
}

/** The empty path reads everything. */
function readLabels(paths: readonly ContextPath[]): boolean {
  return paths.some(([name]) => name === undefined || name === "labels");
}

function toTarget(given: Target): PolicyTarget {
  const { tool, method, kind, target, effect, outward } = given;
  const server = given.server.name;
  const about = { name: target, server, effect, outward };
  if (tool !== null) {
    // Whatever a toolset calls it: rules name a tool by one name.
    const id = toExposedName(server, tool.name);
    return { kind: "Tool", id, action: id, ...about };
  }
  const action = actions[method];
  if (action === undefined) throw new Error(`no action stands for ${method}`);
  const id = kind === "Resource" ? target : toExposedName(server, target);
  return { kind, id, action, ...about };
}

const actions: Readonly<Record<string, PolicyTarget["action"]>> = {
  "prompts/get": "get_prompt",
  "resources/read": "read_resource",
  "completion/complete": "complete",
};

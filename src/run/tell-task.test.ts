import { expect, test } from "vitest";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import type { TaskKind } from "./task-kind.ts";
import { tellTask } from "./tell-task.ts";
import type { RunView } from "./view.ts";

const kind: TaskKind = { task_class: "booking", model: "smart", hardware: "h100" };
const quality = {
  calls: 4,
  wellFormed: 3,
  repeated: 1,
  contradictions: 0,
  judged: 0,
  unused: 0,
  factsRead: 2,
  staleFacts: 1,
};
const ended = {
  state: "completed",
  created: { agent: "desk", parent: null, principal: { tenant: "acme" } },
  budget: { spent: { micros: 1, tokens: 900, calls: 4 } },
  turn: { backend: "gpu-1" },
  reason: null,
  quality,
} as unknown as RunView;

function tell(changes: object = {}) {
  const telemetry = createInMemoryTelemetry();
  const asked: unknown[] = [];
  const kindOf = (agent: string, backend: string | null) => {
    asked.push([agent, backend]);
    return kind;
  };
  tellTask(telemetry, kindOf, { ...ended, ...changes });
  return { telemetry, asked };
}

test("a task that was completed: what it was, its tokens and its quality", () => {
  const { telemetry, asked } = tell();
  const labels = { ...kind, tenant: "acme", outcome: "completed" } as const;
  expect(asked).toEqual([["desk", "gpu-1"]]);
  expect(telemetry.value("tasks", labels)).toBe(1);
  expect(telemetry.value("task_tokens", labels)).toBe(900);
  const part = (measure: "well_formed" | "stale_facts" | "unused") => [
    telemetry.value("task_quality_part", { ...labels, measure }),
    telemetry.value("task_quality_whole", { ...labels, measure }),
  ];
  expect(part("well_formed")).toEqual([3, 4]);
  expect(part("stale_facts")).toEqual([1, 2]);
  expect(part("unused")).toEqual([undefined, undefined]);
});

test.each([
  ["deadline", "deadline"],
  ["budget", "budget"],
  ["steps", "steps"],
  ["loop", "stopped"],
  ["frozen", "stopped"],
] as const)("one that was stopped by %s is counted as %s, its tokens not yet", (code, outcome) => {
  const { telemetry } = tell({ state: "stopped", reason: { code, detail: "" } });
  expect(telemetry.value("tasks", { ...kind, tenant: "acme", outcome })).toBe(1);
  expect(telemetry.value("task_tokens", { ...kind, tenant: "acme", outcome })).toBeUndefined();
});

test.each([
  { state: "running" },
  { state: "waiting" },
  { created: { agent: "desk", parent: { run: "r" }, principal: { tenant: "acme" } } },
])("what goes on, and what is a part of another's task, is not counted: %o", (changes) => {
  const { telemetry, asked } = tell(changes);
  expect(asked).toEqual([]);
  expect(
    telemetry.value("tasks", { ...kind, tenant: "acme", outcome: "completed" }),
  ).toBeUndefined();
});

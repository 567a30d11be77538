import type { TaskKindOf } from "../../src/run/task-kind.ts";

/** What tasks are counted by where no configuration serves. */
export const taskKindOf: TaskKindOf = (agent, backend) => ({
  task_class: agent,
  model: "smart",
  hardware: backend ?? "unknown",
});

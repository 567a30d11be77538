/** What a task is counted by, as the configuration that serves has it. */
export interface TaskKind {
  readonly task_class: string;
  readonly model: string;
  readonly hardware: string;
}

export type TaskKindOf = (agent: string, backend: string | null) => TaskKind;

/** A lifecycle: for each state, what may happen in it and where that leads. */
export interface StateTable<State extends string, Event extends string> {
  readonly name: string;
  readonly initial: State;
  readonly moves: Readonly<Record<State, Readonly<Partial<Record<Event, State>>>>>;
}

export type Transition<State extends string, Event extends string> =
  | { readonly kind: "moved"; readonly to: State }
  | { readonly kind: "refused"; readonly from: State; readonly event: Event };

/** The one step of every lifecycle in the house. A refused event leaves the state as it is. */
export function transition<State extends string, Event extends string>(
  table: StateTable<State, Event>,
  from: State,
  event: Event,
): Transition<State, Event> {
  const row = table.moves[from];
  const to = Object.hasOwn(row, event) ? row[event] : undefined;
  return to === undefined ? { kind: "refused", from, event } : { kind: "moved", to };
}

/** Nothing leads out of it. */
export function isTerminal<State extends string, Event extends string>(
  table: StateTable<State, Event>,
  state: State,
): boolean {
  return Object.keys(table.moves[state]).length === 0;
}

/** What may happen in a state: what enables a button. */
export function listEvents<State extends string, Event extends string>(
  table: StateTable<State, Event>,
  state: State,
): readonly Event[] {
  return Object.keys(table.moves[state]) as Event[];
}

/** The diagram in the documents is drawn from the table that runs. */
export function toMermaid(table: StateTable<string, string>): string {
  const lines = ["stateDiagram-v2", `  [*] --> ${table.initial}`];
  for (const [from, row] of Object.entries(table.moves)) {
    for (const [event, to] of Object.entries(row)) lines.push(`  ${from} --> ${to}: ${event}`);
    if (isTerminal(table, from)) lines.push(`  ${from} --> [*]`);
  }
  return `${lines.join("\n")}\n`;
}

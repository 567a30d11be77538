import { randomUUID } from "node:crypto";
import path from "node:path";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
import { answer, readKey, readOptions, refuse } from "./answers.ts";
import { dateField, daysSchema, readToday, toDays } from "./dates.ts";
import { openJournal } from "./journal.ts";

const timeField = z.iso.time({ precision: -1, error: "takes a time such as 18:10" });

const eventShape = {
  id: z.string(),
  title: z.string(),
  date: z.string(),
  start: z.string(),
  notes: z.string(),
};
const eventSchema = z.object(eventShape);
type Event = z.output<typeof eventSchema>;

/** A line of calendar.jsonl. */
const entrySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("created"), key: z.string().optional(), ...eventShape }),
  z.strictObject({ kind: z.literal("deleted"), id: z.string(), key: z.string().optional() }),
]);

const journal = openJournal(path.join(readOptions().directory, "calendar.jsonl"), entrySchema);

function listEvents(): readonly Event[] {
  const events = new Map<string, Event>();
  for (const entry of journal.read()) {
    if (entry.kind === "deleted") events.delete(entry.id);
    else events.set(entry.id, eventSchema.parse(entry));
  }
  return [...events.values()].toSorted((a, b) => toMoment(a).localeCompare(toMoment(b)));
}

const toMoment = ({ date, start }: Event): string => `${date}T${start}`;

function findByKey(key: string | undefined): Event | undefined {
  if (key === undefined) return undefined;
  const entry = journal.read().find((each) => each.key === key);
  return entry?.kind === "created" ? eventSchema.parse(entry) : undefined;
}

function create(wish: Omit<Event, "id">, key: string | undefined) {
  const event = { id: randomUUID(), ...wish };
  if (findByKey(key) === undefined)
    journal.append({ kind: "created", ...(key !== undefined && { key }), ...event });
  const first = findByKey(key) ?? event;
  const isSame = (["title", "date", "start", "notes"] as const).every(
    (name) => first[name] === wish[name],
  );
  return isSame
    ? answer({ event: first })
    : refuse(`This key was used for event ${first.id}, which is another one.`);
}

function offerReads(server: McpServer): void {
  const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };
  server.registerTool(
    "get_days",
    {
      title: "Which day it is",
      description:
        "Says which day is today, and which date the next Monday, Tuesday and so on are.",
      inputSchema: z.object({}),
      outputSchema: daysSchema,
      annotations,
    },
    () => answer(toDays(readToday())),
  );
  server.registerTool(
    "list_events",
    {
      title: "List events",
      description: "Shows the events of a day, or all of them.",
      inputSchema: z.object({ date: dateField.optional().describe("Only this day.") }),
      outputSchema: z.object({ events: z.array(eventSchema) }),
      annotations,
    },
    ({ date }) =>
      answer({ events: listEvents().filter((each) => date === undefined || each.date === date) }),
  );
}

function offerEffects(server: McpServer): void {
  server.registerTool(
    "create_event",
    {
      title: "Create an event",
      description: "Puts one event into the calendar.",
      inputSchema: z.object({
        title: z.string().trim().min(1).max(200),
        date: dateField.describe("Its day, such as 2026-11-24."),
        start: timeField.describe("When it begins, such as 18:10."),
        notes: z.string().max(2000).default("").describe("Whatever else is worth knowing."),
      }),
      outputSchema: z.object({ event: eventSchema }),
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
    },
    (wish, context) => create(wish, readKey(context)),
  );
  server.registerTool(
    "delete_event",
    {
      title: "Delete an event",
      description: "Takes one event out of the calendar.",
      inputSchema: z.object({ id: z.string().min(1).max(64).describe("Id of the event.") }),
      outputSchema: z.object({ event: eventSchema }),
      annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: false },
    },
    ({ id }) => {
      const event = listEvents().find((each) => each.id === id);
      if (event === undefined) return refuse(`There is no event ${id}.`);
      journal.append({ kind: "deleted", id });
      return answer({ event });
    },
  );
}

serveStdio(() => {
  const server = new McpServer(
    { name: "calendar", version: "1.0.0" },
    { capabilities: { tools: {} } },
  );
  offerReads(server);
  offerEffects(server);
  return server;
});

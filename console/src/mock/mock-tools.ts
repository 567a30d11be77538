import { mockDigest } from "./mock-world.ts";

/** A tool of one of the mock's servers. */
export interface MockTool {
  readonly server: string;
  readonly name: string;
  readonly description: string;
  readonly effect: "read" | "write" | "destructive";
  readonly outward?: boolean;
  readonly blocked?: readonly string[];
  readonly properties: Readonly<Record<string, object>>;
  readonly required: readonly string[];
}

const text = (description: string): object => ({ type: "string", description });

export const mockTools: readonly MockTool[] = [
  {
    server: "bank",
    name: "balance",
    description: "Says what is on an account, and what is reserved.",
    effect: "read",
    properties: { account: text("IBAN of the account.") },
    required: ["account"],
  },
  {
    server: "bank",
    name: "pay",
    description:
      "Pays an invoice from the company's account and returns the number of the payment. Payments above the limit of the account are refused by the bank.",
    effect: "write",
    outward: true,
    properties: {
      amount: { type: "number", description: "In the currency, with cents behind the point." },
      currency: { type: "string", enum: ["EUR", "USD", "CHF"], description: "ISO 4217." },
      to: text("Name of the payee, as it is in the address book."),
      reference: text("What the payee reads."),
      urgent: { type: "boolean", description: "Costs extra.", default: false },
    },
    required: ["amount", "currency", "to"],
  },
  {
    server: "bank",
    name: "cancel_order",
    description: "Cancels a standing order for ever.",
    effect: "destructive",
    properties: { order: text("Number of the order.") },
    required: ["order"],
  },
  {
    server: "flights",
    name: "search",
    description: "Finds flights between two airports on a day, the cheapest first, at most fifty.",
    effect: "read",
    blocked: [
      "/description has hidden characters",
      "/description speaks to the model instead of describing the tool",
      "the parameter copy_to is new and names a destination",
    ],
    properties: {
      from: text("IATA code of the airport."),
      to: text("IATA code of the airport."),
      day: text("As 2026-03-20."),
    },
    required: ["from", "to", "day"],
  },
  {
    server: "flights",
    name: "book",
    description: "Books seats on a flight and returns the number of the booking.",
    effect: "write",
    outward: true,
    properties: {
      flight: text("Number of the flight and its day, as the search says it."),
      seats: { type: "integer", description: "How many.", minimum: 1, default: 1 },
      travellers: {
        type: "array",
        items: { type: "string" },
        description: "Names as in passports.",
      },
    },
    required: ["flight", "travellers"],
  },
  {
    server: "files",
    name: "read_file",
    description: "Reads a text file of the workspace.",
    effect: "read",
    properties: { path: text("Relative to the workspace."), head: { type: "integer" } },
    required: ["path"],
  },
  {
    server: "files",
    name: "write_file",
    description: "Writes a text file of the workspace, whatever was there before.",
    effect: "destructive",
    properties: { path: text("Relative to the workspace."), content: text("All of it.") },
    required: ["path", "content"],
  },
  {
    server: "weather",
    name: "forecast",
    description: "Says what the weather will be at a place, day by day.",
    effect: "read",
    properties: { place: text("Name of a town."), days: { type: "integer", default: 3 } },
    required: ["place"],
  },
];

export const toExposed = ({ server, name }: MockTool): string => `${server}__${name}`;

export function toDefinition(tool: MockTool): Record<string, unknown> {
  const { description, properties, required } = tool;
  const inputSchema = { type: "object", properties, required, additionalProperties: false };
  return { name: toExposed(tool), description, inputSchema };
}

export function toPin(tool: MockTool): string {
  return mockDigest(mockTools.indexOf(tool) + 400);
}

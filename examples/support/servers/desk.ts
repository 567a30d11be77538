import path from "node:path";
import { McpServer, type CallToolResult, type ServerContext } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
import { openJournal } from "./journal.ts";
import { customers, openingHours, orders, type Order } from "./shop.ts";

const state = process.env["SUPPORT_STATE"] ?? ".support";
const journal = openJournal(path.resolve(import.meta.dirname, "..", state));
const keyMember = "example.com/idempotency-key";

function answer(structuredContent: Record<string, unknown>): CallToolResult {
  const content = [{ type: "text" as const, text: JSON.stringify(structuredContent) }];
  return { content, structuredContent };
}

const refuse = (text: string): CallToolResult => ({
  content: [{ type: "text", text }],
  isError: true,
});

function paidBack(order: string): number {
  return journal
    .read()
    .filter((refund) => refund.order === order)
    .reduce((sum, { amount }) => sum + amount, 0);
}

const toShown = (order: Order) => ({ ...order, paidBack: paidBack(order.id) });

function offerReads(server: McpServer): void {
  const annotations = { readOnlyHint: true, openWorldHint: false };
  server.registerTool(
    "find_customer",
    {
      title: "Find a customer",
      description: "Finds customers by a part of their name, email address or id.",
      inputSchema: z.object({ text: z.string().trim().min(2).max(200) }),
      annotations,
    },
    ({ text }) => {
      const wanted = text.toLowerCase();
      const found = customers.filter(({ id, name, email }) =>
        [id, name, email].some((each) => each.toLowerCase().includes(wanted)),
      );
      return answer({ customers: found });
    },
  );
  server.registerTool(
    "list_orders",
    {
      title: "List orders",
      description: "Shows the orders of one customer, and what was paid back of each.",
      inputSchema: z.object({ customer: z.string().min(1).max(32) }),
      annotations,
    },
    ({ customer }) =>
      answer({ orders: orders.filter((order) => order.customer === customer).map(toShown) }),
  );
}

function payBack(order: Order, wish: { amount: number; reason: string }, key: string | null) {
  const known = key === null ? undefined : journal.read().find((each) => each.key === key);
  if (known !== undefined)
    return known.order === order.id && known.amount === wish.amount
      ? answer({ refund: known })
      : refuse("This key was used for another refund.");
  const left = order.paid - paidBack(order.id);
  if (wish.amount > left) return refuse(`Of ${order.id} at most ${left} can be paid back.`);
  const made = { order: order.id, amount: wish.amount, reason: wish.reason, key };
  journal.append(made);
  return answer({ refund: made });
}

function offerEffects(server: McpServer): void {
  server.registerTool(
    "refund_order",
    {
      title: "Pay an order back",
      description: "Pays back a part of an order, or all of it.",
      inputSchema: z.object({
        order: z.string().min(1).max(32),
        amount: z.number().positive().max(200),
        reason: z.string().trim().min(1).max(500),
      }),
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
    },
    ({ order: id, ...wish }, { mcpReq }: ServerContext) => {
      const order = orders.find((each) => each.id === id);
      const key = mcpReq._meta?.[keyMember];
      if (order === undefined) return refuse(`There is no order ${id}.`);
      return payBack(order, wish, typeof key === "string" ? key : null);
    },
  );
}

// Standard output belongs to the protocol.
serveStdio(() => {
  const server = new McpServer(
    { name: "desk", version: "1.0.0" },
    { capabilities: { tools: {}, resources: {} } },
  );
  offerReads(server);
  offerEffects(server);
  server.registerResource(
    "opening hours",
    "desk://opening-hours",
    { mimeType: "text/plain", description: "When people answer the telephone." },
    (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: openingHours }] }),
  );
  return server;
});

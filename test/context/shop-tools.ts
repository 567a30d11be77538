import { usualContext } from "../../src/model/agent-context.ts";
import type { Bundle } from "../../src/model/bundle.ts";
import { toDigest } from "../../src/model/index.ts";
import type { Catalog, CatalogTool } from "../../src/ports/catalog.ts";
import { catalog, toBuilt } from "../simulation/parts.ts";

const pin = toDigest("pin");

export interface Shape {
  readonly name: string;
  readonly description?: string;
  readonly args?: readonly string[];
  readonly pin?: typeof pin;
}

/** Sub-agents, and tools of one server; each definition has some 500 tokens. */
export function openShop(
  shapes: readonly Shape[],
  context: Partial<NonNullable<Bundle["context"]>> = {},
  agents: readonly string[] = ["child"],
) {
  const of = (server: string, names: readonly string[]) =>
    names.map((tool) => {
      const exposed = `${server}__${tool}`;
      return { exposed, server, tool, effect: "write" as const, pin };
    });
  const names = shapes.map(({ name }) => name);
  const tools = [...of("agents", agents), ...of("shop", names)];
  const known = [
    ...agents.map((name) => toCatalogTool(`agents__${name}`, { name, description: "Helps." })),
    ...shapes.map((shape) => toCatalogTool(`shop__${shape.name}`, shape)),
  ];
  const toolset = { tools: new Map(known.map((tool) => [tool.exposed, tool])) };
  const own: Catalog = { ...catalog, toolsets: new Map([["", toolset]]) as never };
  const bundle = { tools, context: { ...usualContext, toolTokens: 2_000, ...context } };
  return { bundle: { ...toBuilt().bundle, ...bundle }, catalog: own };
}

function toCatalogTool(exposed: string, shape: Shape): CatalogTool {
  const properties = Object.fromEntries((shape.args ?? []).map((name) => [name, {}]));
  const inputSchema = { type: "object", properties, $comment: "x".repeat(1_900) };
  return {
    exposed,
    effect: "write",
    pin: shape.pin ?? pin,
    description: shape.description ?? "",
    text: JSON.stringify({ inputSchema }),
    config: {},
  } as CatalogTool;
}

export const many = (count: number): readonly Shape[] =>
  Array.from({ length: count }, (_, n) => ({ name: `tool_${n}`, description: `Does thing ${n}.` }));
export const shop: readonly Shape[] = [
  { name: "refund_order", description: "Pays back what a customer paid." },
  { name: "list_orders", description: "Lists the orders that are open.", args: ["customer_id"] },
  { name: "sendMail", description: "Sends a note." },
  { name: "stock", description: "Says how many of a thing there are.", args: ["warehouseCode"] },
  ...many(20),
];

/** What a run with `waits` has of its own, the search with it. */
export const own = ["run__wait", "run__wait_for_signal", "run__find_tools"];

export const namesOf = ({ tools }: { readonly tools: readonly { readonly name: string }[] }) =>
  tools.map(({ name }) => name);

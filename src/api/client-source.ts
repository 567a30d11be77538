/**
 * Writes the client from openapi.json: a type for each named schema and a function for each
 * operation. The golden test keeps `src/client/client.ts` equal to what this makes.
 */

interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, unknown> };
  readonly responses: Record<string, { readonly content: Record<string, { schema: Schema }> }>;
}
interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Schema;
}
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Record<string, Schema>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

export function toClientSource(document: Record<string, unknown>): string {
  const { paths, components } = document as unknown as OpenApi;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => toOperation(path, method, operation)),
  );
  const types = reach(operations.join(), components.schemas).map(
    ([name, schema]) => `export type ${name} = ${toType(schema)};\n`,
  );
  return `// Written by src/api/client-source.ts from the contract. Change the contract instead.
import type { Received, Send } from "./send.ts";

${types.join("\n")}
const operations = {
${operations.join("\n")}
};

type Operations = typeof operations;
type Input<O> = O extends (send: Send, ...input: infer I) => unknown ? I : never;

export type Client = {
  readonly [K in keyof Operations]: (
    ...input: Input<Operations[K]>
  ) => ReturnType<Operations[K]>;
};

export function createClient(send: Send): Client {
  type Unbound = (send: Send, ...input: readonly unknown[]) => unknown;
  const bound = Object.entries(operations as unknown as Record<string, Unbound>).map(
    ([name, operation]) => [name, (...input: readonly unknown[]) => operation(send, ...input)],
  );
  return Object.fromEntries(bound) as Client;
}

function as<A>(received: Received): A {
  return received as A;
}
`;
}

/** The schemas that a text names, and those that they name: no more than somebody uses. */
function reach(text: string, schemas: Record<string, Schema>): [string, Schema][] {
  const found = new Set<string>();
  const add = (source: string) => {
    for (const [name, schema] of Object.entries(schemas)) {
      if (found.has(name) || !new RegExp(`\\b${name}\\b`).test(source)) continue;
      found.add(name);
      add(toType(schema));
    }
  };
  add(text);
  return Object.entries(schemas).filter(([name]) => found.has(name));
}

function toOperation(path: string, method: string, operation: Operation): string {
  const parameters = operation.parameters ?? [];
  const content = Object.keys(operation.requestBody?.content ?? {})[0];
  const inputs = [
    ...parameters.map(
      ({ name, required, schema }) =>
        `readonly ${toCamelCase(name)}${required ? "" : "?"}: ${toType(schema)}`,
    ),
    ...(content === undefined ? [] : ["readonly body: string"]),
  ];
  const answers = Object.entries(operation.responses).filter(
    ([, one]) => !Object.values(one.content)[0]!.schema.$ref?.endsWith("/Refusal"),
  );
  const answer = answers
    .map(([status, one]) => {
      const body = toType(Object.values(one.content)[0]!.schema);
      return `{ readonly status: ${status}; readonly body: ${body}; readonly etag: string | null }`;
    })
    .join(" | ");
  const target = JSON.stringify(path).replace(/\{(\w+)\}/g, '" + encodeURIComponent(input.$1) + "');
  const fields = [
    `method: ${JSON.stringify(method.toUpperCase())}`,
    `path: ${target}`,
    `expects: [${answers.map(([status]) => status).join(", ")}]`,
    ...toFields(
      "headers",
      parameters.filter((parameter) => parameter.in === "header"),
    ),
    ...toFields(
      "query",
      parameters.filter((parameter) => parameter.in === "query"),
    ),
    ...(content === undefined
      ? []
      : ["body: input.body", `contentType: ${JSON.stringify(content)}`]),
  ];
  const argument = inputs.length === 0 ? "" : `, input: { ${inputs.join("; ")} }`;
  return `/** ${operation.summary} */
    ${operation.operationId}: async (send: Send${argument}) =>
      as<${answer}>(await send({ ${fields.join(", ")} })),
`;
}

function toFields(kind: string, parameters: readonly Parameter[]): string[] {
  if (parameters.length === 0) return [];
  const pairs = parameters.map(
    ({ name }) => `${JSON.stringify(name.toLowerCase())}: input.${toCamelCase(name)}`,
  );
  return [`${kind}: { ${pairs.join(", ")} }`];
}

function toCamelCase(name: string): string {
  return name.toLowerCase().replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** As much of JSON Schema as the contract uses; what it does not know is `unknown`. */
function toType(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1)!;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(toType).join(" | ");
  if (Array.isArray(schema.type)) {
    return schema.type.map((type: string) => toType({ ...schema, type })).join(" | ");
  }
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `readonly (${toType(schema.items ?? {})})[]`;
    case "object":
      return toObjectType(schema);
    default:
      return "unknown";
  }
}

function toObjectType({ properties, required = [], additionalProperties }: Schema): string {
  if (properties === undefined) {
    const values =
      typeof additionalProperties === "object" ? toType(additionalProperties) : "unknown";
    return `Readonly<Record<string, ${values}>>`;
  }
  const fields = Object.entries(properties).map(
    ([name, schema]) => `readonly ${name}${required.includes(name) ? "" : "?"}: ${toType(schema)}`,
  );
  return `{ ${fields.join("; ")} }`;
}

import { z } from "zod";
import { faults, type FaultCode } from "../model/index.ts";
import type { AnswerShape, Contract, Route } from "./contract.ts";
import { schemas } from "./schemas.ts";

type Json = Record<string, unknown>;

/** The contract as OpenAPI 3.1, whose schemas are JSON Schema 2020-12 as zod emits it. */
export function toOpenApi(contract: Contract, version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [operation, route] of Object.entries(contract)) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = toOperation(operation, route);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Countersign",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:7070" }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, toSchema(schema, schema)]),
      ),
    },
  };
}

function toOperation(operationId: string, route: Route): Json {
  const parameters = [
    ...toParameters("path", route.params),
    ...toParameters("query", route.query),
    ...toParameters("header", route.headers),
  ];
  return {
    operationId,
    summary: route.summary,
    ...(route.access === "open" ? { security: [] } : { "x-roles": route.access }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.consumes === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              route.consumes.map((type) => [type, { schema: { type: "string" } }]),
            ),
          },
        }),
    responses: { ...toAnswers(route.answers), ...toRefusals(route) },
  };
}

function toParameters(place: "path" | "query" | "header", shape: z.ZodObject | undefined): Json[] {
  if (shape === undefined) return [];
  return Object.entries(shape.shape as z.core.$ZodShape).map(([name, schema]) => ({
    name: place === "header" ? toHeaderCase(name) : name,
    in: place,
    required: place === "path" || !z.safeParse(schema, undefined).success,
    schema: toSchema(schema),
  }));
}

function toHeaderCase(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function toAnswers(answers: Route["answers"]): Json {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]: [string, AnswerShape]) => [
      status,
      {
        description: answer.description,
        ...(answer.etag === true ? { headers: { ETag: { schema: { type: "string" } } } } : {}),
        content: { [answer.produces ?? "application/json"]: { schema: toSchema(answer.schema) } },
      },
    ]),
  );
}

/** Refusals by status (one may stand for several codes); the door's own are the default. */
function toRefusals(route: Route): Json {
  const byStatus = new Map<number, FaultCode[]>();
  for (const code of route.faults ?? []) {
    const { status } = faults[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const content = { "application/json": { schema: toSchema(schemas.Refusal) } };
  return {
    ...Object.fromEntries(
      [...byStatus].map(([status, named]) => [status, { description: named.join(", "), content }]),
    ),
    default: { description: "Refused before it came to this route, or a bug.", content },
  };
}

/** A named schema becomes a reference, except where it is itself being defined. */
function toSchema(schema: z.core.$ZodType, defining?: z.core.$ZodType): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, named] of Object.entries(schemas))
    if (named !== defining) registry.add(named, { id });
  const known = Object.entries(schemas).find(([, named]) => named === schema && named !== defining);
  if (known !== undefined) return { $ref: `#/components/schemas/${known[0]}` };
  const {
    $schema: _,
    $defs: __,
    ...json
  } = z.toJSONSchema(schema as z.ZodType, {
    io: "output",
    metadata: registry,
  }) as Json;
  return JSON.parse(JSON.stringify(json).replaceAll(`"#/$defs/`, `"#/components/schemas/`)) as Json;
}

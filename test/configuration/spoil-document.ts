import fc from "fast-check";

/** A valid document with every kind of value, and a place on each line to go wrong at. */
export const soundDocument = `# yaml-language-server: $schema=./countersign.schema.json
version: 1
listen: 127.0.0.1:7070
allowedHosts:
  - agents.example.com
  - "[::1]:7070"
allowedOrigins: [https://console.example.com]
auth:
  adminKey: env://ADMIN_KEY
limits:
  bodySize: 8MiB
  headerSize: 16KiB # comment
  concurrentRequests: 128
  queuedRequests: 64
  requestDeadline: 1m30s
  drainTime: 20s
store:
  kind: postgres
  url: file:///run/secrets/database-url
  poolSize: 12
worker:
  slots: 32
  slotsPerTenant: 8
log:
  level: info
`;

export interface Spoilt {
  readonly how: string;
  readonly document: string;
  /** Where a problem must be named; counted from 1. */
  readonly line: number;
  /** The key that a problem must name there; null where YAML itself is broken. */
  readonly key: string | null;
  /** Must not come back in any problem. */
  readonly secret?: string;
}

interface Field {
  readonly line: number;
  readonly indent: string;
  readonly name: string;
  readonly key: string;
  /** Empty for a key with keys below it. */
  readonly value: string;
}

const lines = soundDocument.split("\n");

export const fields: readonly Field[] = lines.flatMap((text, index) => {
  const [, indent, name, value] = /^( *)([A-Za-z]+):(?: (.*))?$/.exec(text) ?? [];
  if (name === undefined) return [];
  const parent =
    indent === ""
      ? ""
      : `${
          lines
            .slice(0, index)
            .findLast((line) => /^\w/.test(line))!
            .split(":")[0]
        }.`;
  return [{ line: index + 1, indent: indent!, name, key: `${parent}${name}`, value: value ?? "" }];
});

const scalars = fields.filter(({ value }) => value !== "" && !value.startsWith("["));

function withLine(line: number, text: string): string {
  return lines.with(line - 1, text).join("\n");
}

function before(line: number, text: string): string {
  return lines.toSpliced(line - 1, 0, text).join("\n");
}

const field = fc.constantFrom(...fields);
const scalar = fc.constantFrom(...scalars);

/** A key that is none: letters swapped, dropped, doubled, or another case. */
const misspelt = fc
  .tuple(field, fc.nat(), fc.constantFrom("swap", "drop", "double", "case"))
  .map(([{ line, indent, name, key, value }, at, slip]): Spoilt => {
    const index = at % (name.length - 1);
    const head = name.slice(0, index);
    const [here, next] = [name[index]!, name[index + 1]!];
    const rest = name.slice(index + 2);
    const other = here === here.toLowerCase() ? here.toUpperCase() : here.toLowerCase();
    const slips = {
      swap: here === next ? `${head}${here}${rest}` : `${head}${next}${here}${rest}`,
      drop: `${head}${next}${rest}`,
      double: `${head}${here}${here}${next}${rest}`,
      case: `${head}${other}${next}${rest}`,
    };
    const wrong = slips[slip];
    const document = withLine(line, `${indent}${wrong}: ${value}`);
    return { how: `misspelt ${key}`, document, line, key: key.replace(/\w+$/, wrong) };
  });

/** A value of a kind that this key does not take. */
const mistyped = fc
  .tuple(
    field,
    fc.constantFrom(
      "",
      "~",
      "[1, 2]",
      "{a: 1}",
      "-7",
      "1.5",
      "true",
      '" nothing "',
      "5 apples",
      "2026-11-20",
    ),
  )
  .map(([{ line, indent, name, key, value: sound }, value]): Spoilt => {
    const document = dropBelow(line, `${indent}${name}: ${value}`);
    // Where keys or items are expected anyway, what is inside is wrong.
    const isList = key.startsWith("allowed");
    const below = isList && value === "[1, 2]" ? "[0]" : "";
    const inside = !isList && sound === "" && value === "{a: 1}" ? ".a" : below;
    return { how: `${key}: ${value}`, document, line, key: `${key}${inside}` };
  });

/** Replaces a line and whatever is indented below it, keeping the count of lines. */
function dropBelow(line: number, text: string): string {
  const indentOf = (each: string): number => each.length - each.trimStart().length;
  const outer = indentOf(lines[line - 1]!);
  const end = lines.findIndex((each, index) => index >= line && indentOf(each) <= outer);
  return lines
    .map((each, index) => (index === line - 1 ? text : index >= line && index < end ? "" : each))
    .join("\n");
}

const outOfBounds = fc
  .constantFrom(
    ["limits.bodySize", "1GiB"],
    ["limits.headerSize", "1B"],
    ["limits.headerSize", "16KB"],
    ["limits.concurrentRequests", "0"],
    ["limits.queuedRequests", "65537"],
    ["limits.requestDeadline", "0s"],
    ["limits.drainTime", "11m"],
    ["limits.drainTime", "20"],
    ["store.poolSize", "1e9"],
    ["worker.slots", "99999999999999999999"],
    ["worker.slots", ".inf"],
    ["worker.slotsPerTenant", "33"],
    ["listen", "256.0.0.1:80"],
    ["listen", "127.0.0.1:65536"],
    ["listen", "localhost"],
    ["log.level", "verbose"],
    ["version", "2"],
    ["version", "0x2"],
  )
  .map(([key, value]): Spoilt => {
    const { line, indent, name } = fields.find((each) => each.key === key)!;
    return {
      how: `${key}: ${value}`,
      document: withLine(line, `${indent}${name}: ${value}`),
      line,
      key,
    };
  });

const literalSecret = fc
  .tuple(
    fc.constantFrom("auth.adminKey", "store.url"),
    fc.constantFrom(
      "postgres://me:PASS@db/main",
      "sk-PASS",
      "PASS",
      "env://PASS-",
      "https://PASS@x",
      "vault://PASS",
    ),
    fc.stringMatching(/^[a-z]{8}[0-9]{8}$/),
  )
  .map(([key, shape, secret]): Spoilt => {
    const { line, indent, name } = fields.find((each) => each.key === key)!;
    const document = withLine(line, `${indent}${name}: ${shape.replace("PASS", secret)}`);
    return { how: `a literal secret at ${key}`, document, line, key, secret };
  });

const doubled = field.map(({ line, indent, name, key, value }): Spoilt => {
  const end = lines.findIndex((text, index) => index >= line && !text.startsWith(" ")) + 1;
  const at = indent === "" ? lines.length : end;
  const text = value === "" ? `${indent}${name}: {}` : `${indent}${name}: ${value}`;
  return { how: `doubled ${key}`, document: before(at, text), line: at, key };
});

const unknown = fc
  .tuple(
    field,
    fc.constantFrom("feature", "timeout", "tools", "x-y", "__proto__", "constructor", "<<"),
  )
  .map(([{ line, indent, key }, name]): Spoilt => {
    const word = /^[A-Za-z_][\w-]*$/.test(name) ? name : JSON.stringify(name);
    const unknownKey = key.includes(".") ? `${key.split(".")[0]}.${word}` : word;
    return {
      how: `unknown ${unknownKey}`,
      document: before(line, `${indent}${name}: {}`),
      line,
      key: unknownKey,
    };
  });

const decorated = fc
  .tuple(scalar, fc.constantFrom("&anchor", "!!str", "!", "!tag", "&anchor !!str"))
  .map(([{ line, indent, name, key, value }, decoration]): Spoilt => {
    const document = withLine(line, `${indent}${name}: ${decoration} ${value}`);
    return { how: `${decoration} at ${key}`, document, line, key };
  });

const broken = fc
  .tuple(
    scalar,
    fc.constantFrom<readonly [string, (text: string) => string]>(
      ["an open quote", (text) => text.replace(": ", ': "')],
      ["a tab for indentation", (text) => `\t${text.trimStart()}`],
      ["a control character", (text) => `${text}\u0007`],
      ["a NUL", (text) => text.replace(": ", ": \0")],
      ["a lone surrogate", (text) => `${text}\udc00`],
      ["a second colon", (text) => text.replace(": ", ": a: ")],
      ["a reserved sign", (text) => text.replace(": ", ": @")],
      ["an open list", (text) => text.replace(": ", ": ]")],
      ["an alias of nothing", (text) => text.replace(/: .*/, ": *nothing")],
      ["a directive", (text) => `%YAML 1.1 ${text}`],
    ),
  )
  .map(([{ line, key }, [how, spoil]]): Spoilt => {
    const document = withLine(line, spoil(lines[line - 1]!));
    return { how: `${how} at ${key}`, document, line, key: null };
  });

export const spoilt: fc.Arbitrary<Spoilt> = fc.oneof(
  misspelt,
  mistyped,
  outOfBounds,
  literalSecret,
  doubled,
  unknown,
  decorated,
  broken,
);

/** Characters removed, put in or replaced anywhere: valid or not, but never a crash. */
export const scrambled: fc.Arbitrary<string> = fc
  .array(
    fc.record({
      at: fc.nat({ max: soundDocument.length }),
      cut: fc.nat({ max: 5 }),
      put: fc.oneof(
        fc.string({ unit: "binary", maxLength: 3 }),
        fc.constantFrom(...Array.from("{}[]:,-?&*!|>'\"%@`#\n\t ")),
      ),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((edits) =>
    edits.reduce(
      (text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut),
      soundDocument,
    ),
  );

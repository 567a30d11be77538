import { writeFileSync } from "node:fs";
import path from "node:path";
import { createHome } from "../e2e/home.ts";

/** The product with agents that others may call, a program that books, and a scripted model. */

const program = path.join(import.meta.dirname, "../e2e/booking-program.ts");

const rules = `@id("book/all") permit (principal, action, resource);
@id("book/ask") @ask("A person looks at this one.") @approvers("role:finance")
forbid (principal, action == Action::"air__book", resource) unless { context.approval.granted };
`;

const script = {
  name: "demo",
  turns: [
    {
      when: { last: "user", contains: "Wait for" },
      calls: [{ tool: "run__wait_for_signal", args: { seconds: 600, name: "paid" } }],
    },
    // A signal is told to the model as somebody's word.
    { when: { last: "user", contains: "4711" }, say: "It is paid." },
    { when: { last: "user", contains: "hello" }, say: 'Hello.\n\ndata: {"evil":true}\n\n' },
    { when: { last: "user" }, calls: [{ tool: "air__book", args: { flight: "BA 117" } }] },
    { say: "It is booked." },
  ],
};

const keys = {
  ADA_KEY: "ada-key-of-32-characters-at-least",
  EVE_KEY: "eve-key-of-32-characters-too-yes",
};

function toDocument(booked: string): object {
  const agent = { model: "demo", instructions: "You book flights.", waits: true };
  return {
    version: 1,
    policy: { rules: { book: rules } },
    auth: {
      callers: { ada: { key: "env://ADA_KEY" }, eve: { key: "env://EVE_KEY", tenant: "other" } },
      approvers: { fin: { key: "env://FIN_KEY", roles: ["finance"] } },
    },
    servers: {
      air: { transport: "stdio", command: [process.execPath, program, booked], sandbox: "none" },
    },
    models: {
      backends: {
        demo: { kind: "scripted", script: "demo.json", prices: { input: "1", output: "1" } },
      },
      routes: { demo: [[{ backend: "demo" }]] },
    },
    agents: {
      travel: { ...agent, description: "Books flights.", a2a: { public: true } },
      clerk: { ...agent, description: "Keeps books." },
    },
  };
}

export async function openA2aOffice() {
  const home = createHome();
  const booked = path.join(home.directory, "booked.jsonl");
  const finKey = "fin-key-of-32-characters-at-least";
  Object.assign(home.environment, { ...keys, FIN_KEY: finKey });
  writeFileSync(path.join(home.directory, "demo.json"), JSON.stringify(script));
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(toDocument(booked)));
  const up = await home.up();
  return { home, up, booked, finKey, ada: keys.ADA_KEY, eve: keys.EVE_KEY };
}

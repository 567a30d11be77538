import path from "node:path";

const program = path.join(import.meta.dirname, "booking-program.ts");

/** A server that books into a file, and a scripted model: what a document says of its agents follows. */
export const toBookingDocument = (effects: string, agents: string) => `version: 1
servers:
  booking:
    transport: stdio
    command: [${process.execPath}, ${program}, ${effects}]
    sandbox: none
models:
  backends: { demo: { kind: scripted, script: demo.yaml } }
  routes: { fast: [[{ backend: demo }]] }
${agents}`;

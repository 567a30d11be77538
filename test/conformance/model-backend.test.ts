import { createAnthropicFormat } from "../../src/adapters/anthropic/anthropic-format.ts";
import { createOpenaiFormat } from "../../src/adapters/openai/openai-format.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import { createInMemoryModel } from "../../src/ports/in-memory-model.ts";
import { describeModelBackend, patient } from "./model-backend.ts";
import { describeModelWire, openScripted, type WireSubject } from "./model-wire.ts";

describeModelBackend("in memory", async (turns, patience) => {
  const script = modelScriptSchema.parse({ name: "suite", turns });
  return createInMemoryModel({ script, clock: systemClock, ...patient, ...patience });
});

const subjects: Readonly<Record<string, WireSubject>> = {
  openai: {
    format: createOpenaiFormat("max_completion_tokens"),
    toUrl: (origin) => `${origin}/v1`,
  },
  anthropic: { format: createAnthropicFormat(), toUrl: (origin) => `${origin}/` },
};

for (const [name, subject] of Object.entries(subjects)) {
  describeModelBackend(
    name,
    async (turns, patience) => (await openScripted(subject, turns, patience)).backend,
  );
  describeModelWire(name, subject);
}

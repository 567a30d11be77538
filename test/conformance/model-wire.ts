import { describe, expect, onTestFinished, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import {
  createModelHttp,
  type ModelHttpOptions,
} from "../../src/adapters/model-http/model-http.ts";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import { createInMemorySecrets } from "../../src/ports/in-memory-secrets.ts";
import type { ModelFormat } from "../../src/ports/model-format.ts";
import { listen, patient } from "./model-backend.ts";

/** A format, and where a server of both formats has it. */
export interface WireSubject {
  readonly format: ModelFormat;
  readonly toUrl: (origin: string) => string;
}

export const key = "sk-canary-1234567890";

export async function openScripted(
  { format, toUrl }: WireSubject,
  turns: readonly object[],
  options: Partial<ModelHttpOptions> = {},
) {
  const script = modelScriptSchema.parse({ name: "suite", turns });
  const server = await startScriptedServer({ script, clock: systemClock, key });
  const backend = createModelHttp({
    format,
    url: toUrl(server.url),
    private: true,
    tls: null,
    connections: 4,
    key: "env://KEY",
    secrets: createInMemorySecrets(new Map([["env://KEY", key]])),
    dialer: createDialer(),
    clock: systemClock,
    ...patient,
    ...options,
  });
  onTestFinished(async () => {
    await backend.close();
    await server.close();
  });
  return { server, backend };
}

/** What every format's client keeps, over a real socket. */
export function describeModelWire(name: string, subject: WireSubject): void {
  const open = (turns: readonly object[], options?: Partial<ModelHttpOptions>) =>
    openScripted(subject, turns, options);

  describe(`the wire of ${name}`, () => {
    test("bounds hold for events, answers and requests", async () => {
      const turns = [{ say: "word ".repeat(2_000) }];
      for (const bounds of [{ eventBytes: 64 }, { answerBytes: 4_096 }]) {
        const { backend } = await open(turns, { bounds });
        expect((await listen(backend)).error).toMatchObject({ code: "model_broken" });
      }
      const { backend } = await open(turns, { bounds: { requestBytes: 16 } });
      expect((await listen(backend)).error).toMatchObject({ code: "payload_too_large" });
      const many = await open([{ calls: [{ tool: "a" }, { tool: "b" }, { tool: "c" }] }], {
        bounds: { calls: 2 },
      });
      expect((await listen(many.backend)).error).toMatchObject({ code: "model_broken" });
    });

    test("a backend that is not there is unavailable, and one at a private address refused", async () => {
      const { backend, server } = await open([{ say: "a" }]);
      await server.close();
      expect((await listen(backend)).error).toMatchObject({ code: "model_unavailable" });
      expect(() =>
        createDialer().open({ url: server.url, private: false, tls: null, connections: 1 }),
      ).toThrow(expect.objectContaining({ code: "address_refused" }));
    });

    test("the key opens the backend, is asked for free, and is shown by no fault", async () => {
      const { backend } = await open([{ say: "a" }]);
      await backend.look(new AbortController().signal);
      const wrong = `${key}-wrong`;
      const secrets = createInMemorySecrets(new Map([["env://KEY", wrong]]));
      const refused = await open([{ say: "a" }], { secrets });
      for (const error of [
        (await listen(refused.backend)).error,
        await refused.backend.look(new AbortController().signal).catch((caught: unknown) => caught),
      ]) {
        expect(error).toMatchObject({ code: "credential_rejected" });
        expect(JSON.stringify(error) + String(error)).not.toContain(key);
      }
      const broken = createInMemorySecrets(new Map([["env://KEY", "a\r\nx: y"]]));
      const injected = await open([{ say: "a" }], { secrets: broken });
      expect((await listen(injected.backend)).error).toMatchObject({ code: "credential_refused" });
    });
  });
}

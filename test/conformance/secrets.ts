import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { SecretValue, type Secrets } from "../../src/ports/secrets.ts";

/** What a subject of the suite keeps: it can put a value behind a reference, also a changed one. */
export interface SecretsSubject {
  readonly secrets: Secrets;
  /** References that resolve after `put`, one for each kind the adapter knows. */
  readonly references: readonly string[];
  readonly put: (reference: string, value: string) => Promise<void>;
}

const value = "hunter2-ümlaut";

export function describeSecrets(name: string, create: () => Promise<SecretsSubject>): void {
  describe(`Secrets: ${name}`, () => {
    test("every kind of reference gives its value, and nothing but reveal shows it", async () => {
      const { secrets, references, put } = await create();
      expect(references.length).toBeGreaterThan(0);
      for (const reference of references) {
        await put(reference, value);
        const secret = await secrets.resolve(reference);
        expect(secret).toBeInstanceOf(SecretValue);
        expect(secret.reveal()).toBe(value);
        const shown = [
          String(secret),
          `${secret.toString()}`,
          JSON.stringify({ secret }),
          inspect({ secret }, { depth: 10, showHidden: true }),
          JSON.stringify(Object.entries(secret)),
          inspect(structuredClone(secret)),
        ];
        expect(shown.join()).not.toContain("hunter2");
      }
    });

    test("a changed value is seen by the next call", async () => {
      const { secrets, references, put } = await create();
      for (const reference of references) {
        await put(reference, "before");
        await secrets.resolve(reference);
        await put(reference, "after");
        expect((await secrets.resolve(reference)).reveal()).toBe("after");
      }
    });

    test("a reference that leads nowhere is a fault that names it", async () => {
      const { secrets, references } = await create();
      for (const reference of [...references, "env://SURELY_NOT_SET", "file:///surely/not/there"]) {
        await expect(secrets.resolve(reference)).rejects.toMatchObject({
          code: "secret_unresolved",
          message: expect.stringContaining(reference),
          details: { reference },
        });
      }
    });

    test("an empty value is no secret", async () => {
      const { secrets, references, put } = await create();
      for (const reference of references) {
        await put(reference, "");
        await expect(secrets.resolve(reference)).rejects.toMatchObject({
          code: "secret_unresolved",
        });
      }
    });

    test("what is no reference is refused and not repeated: it may be the secret", async () => {
      const { secrets } = await create();
      for (const literal of [
        "hunter2",
        "postgres://me:hunter2@db/main",
        "env:hunter2",
        "env://",
        "",
      ]) {
        const fault: unknown = await secrets.resolve(literal).catch((thrown: unknown) => thrown);
        expect(fault).toMatchObject({ code: "secret_unresolved" });
        expect(inspect(fault)).not.toContain("hunter2");
      }
    });
  });
}

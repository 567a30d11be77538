import { Fault } from "../model/index.ts";
import { SecretValue, type Secrets } from "./secrets.ts";

/** References to values, as a test gives them; the map may change between calls. */
export function createInMemorySecrets(values: ReadonlyMap<string, string>): Secrets {
  return {
    resolve: async (reference) => {
      if (!/^(?:env|file|secret):\/\/./.test(reference)) {
        throw new Fault("secret_unresolved", "This is not a reference to a secret.");
      }
      const value = values.get(reference);
      if (value === undefined || value === "") {
        const details = { reference };
        throw new Fault("secret_unresolved", `${reference} does not resolve.`, { details });
      }
      return new SecretValue(value);
    },
  };
}

import type { ApiOptions } from "../api/api.ts";
import type { Config } from "../model/config.ts";
import type { Secrets } from "../ports/secrets.ts";

/** What the listener proves itself with, read anew whenever it is looked for. */
export function toListenerTls({ tls }: Config, secrets: Secrets): Pick<ApiOptions, "tls"> {
  if (tls === undefined) return {};
  const read = async (reference: string): Promise<string> =>
    (await secrets.resolve(reference)).reveal();
  return {
    tls: async () => ({
      certificate: await read(tls.certificate),
      key: await read(tls.key),
      clients: tls.clients === undefined ? null : await read(tls.clients),
    }),
  };
}

import type { HttpServerConfig } from "../model/config-servers.ts";
import type { DialTls } from "../ports/dialer.ts";
import type { Secrets } from "../ports/secrets.ts";

/** Read anew for each connection, so that a rotated certificate is taken without a restart. */
export function toDialTls(
  { tls }: Pick<HttpServerConfig, "tls">,
  secrets: Secrets,
): DialTls | null {
  if (tls === undefined) return null;
  const read = async (reference: string | undefined): Promise<string | null> =>
    reference === undefined ? null : (await secrets.resolve(reference)).reveal();
  return async () => ({
    certificate: await read(tls.certificate),
    key: await read(tls.key),
    authority: await read(tls.authority),
    serverName: tls.serverName ?? null,
  });
}

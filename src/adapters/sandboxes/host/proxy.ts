/** Where programs in a sandbox find their proxy. */
export const proxyPort = 3128;

/** For the libraries that ask for a proxy, in the spellings that they look for. */
export function toProxyVariables(): Readonly<Record<string, string>> {
  const url = `http://127.0.0.1:${proxyPort}`;
  const own = "localhost,127.0.0.1,::1";
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NO_PROXY: own,
    no_proxy: own,
    // Node's own fetch looks for them only when it is told to.
    NODE_USE_ENV_PROXY: "1",
  };
}

import { toCanonicalHost } from "../../model/canonical-host.ts";
import { compileHostList, type HostList } from "../../model/host-list.ts";
import { defaultPorts, type HostType } from "../../model/parameter-types.ts";
import { quote, toList, type ValueCheck } from "./spelling.ts";

// As long as a URL of an MCP server may be in the configuration.
const maxLength = 2_048;

interface Allowed {
  readonly hosts: HostList;
  readonly ports: ReadonlySet<number> | null;
  readonly schemes: ReadonlySet<string>;
}

/** What was written, still in its own spelling. */
interface Written {
  readonly scheme: keyof typeof defaultPorts | null;
  readonly host: string;
  /** Digits, or null where no colon follows the host. */
  readonly port: string | null;
}

/**
 * Names and ports as they are written. What a name resolves to, now or when it is dialled, and
 * where the answer redirects to, is not in the text: that is for the dialer and the egress rules.
 */
export function compileHostCheck(type: HostType): ValueCheck<string> {
  const allowed: Allowed = {
    hosts: compileHostList(type.hosts),
    ports: type.ports === undefined ? null : new Set(type.ports),
    schemes: new Set(type.schemes),
  };
  const ports = type.ports === undefined ? "" : `, port ${toList(type.ports.map(String))}`;
  const words = `allowed is ${toList(type.hosts)}${ports} over ${toList(type.schemes)}`;
  return (text) => {
    const why = findWrong(text, allowed);
    return why === null ? null : `${why}; ${words}: ${quote(text)}`;
  };
}

function findWrong(text: string, allowed: Allowed): string | null {
  if (text === "") return "is empty";
  if (text.length > maxLength) return `is longer than ${maxLength} characters`;
  if (!text.isWellFormed() || /[\p{C}\p{Z}\\]/u.test(text))
    return "holds a space, a control or invisible character, or a backslash";
  const written = split(text);
  if (typeof written === "string") return written;
  const { scheme, host } = written;
  if (scheme !== null && !allowed.schemes.has(scheme)) return "has another scheme";
  const canonical = toCanonicalHost(host);
  if (canonical.kind === "refused") return canonical.why;
  if (!allowed.hosts.has(canonical)) return "names another host";
  // A second reading of the whole: the two have to meet.
  const isOne = scheme === null || isSameHost(text, host);
  return findWrongPort(written, allowed) ?? (isOne ? null : "is a URL that is read in two ways");
}

function split(text: string): Written | string {
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(text);
  const scheme = url === null ? null : url[1]!.toLowerCase();
  if (scheme !== null && !isScheme(scheme)) return "has another scheme";
  const authority = url === null ? text : url[2]!;
  if (authority.includes("@")) return "has a user or password before its host";
  if (url === null && /[/?#]/.test(text)) return "is neither a URL nor a bare host";
  const isBareV6 = url === null && /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i.test(authority);
  if (isBareV6) return { scheme, host: authority, port: null };
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/.exec(authority);
  if (parts === null) return "has a host that is no name and no address";
  if (parts[1]!.startsWith("[") && !parts[1]!.includes(":"))
    return "has a host that is no name and no address";
  return { scheme, host: parts[1]!, port: parts[2] ?? null };
}

function isScheme(scheme: string): scheme is keyof typeof defaultPorts {
  return Object.hasOwn(defaultPorts, scheme);
}

function isSameHost(text: string, host: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  const again = toCanonicalHost(url.hostname);
  const first = toCanonicalHost(host);
  return again.kind !== "refused" && first.kind !== "refused" && again.host === first.host;
}

function findWrongPort({ scheme, port }: Written, { ports, schemes }: Allowed): string | null {
  if (port !== null && (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535))
    return "has a port that is no number from 1 to 65535";
  // A bare host without a port goes to the one that its tool has in mind.
  if (scheme === null && port === null) return null;
  const meant = port === null ? defaultPorts[scheme!] : Number(port);
  const usual = scheme === null ? [...schemes].filter(isScheme) : [scheme];
  const isAllowed = ports?.has(meant) ?? usual.some((each) => defaultPorts[each] === meant);
  return isAllowed ? null : `names another port, ${meant}`;
}

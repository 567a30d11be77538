import { hash } from "node:crypto";
import { access, chmod, chown, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../model/index.ts";
import { findPrograms, type Missing } from "../host/find-programs.ts";
import { parseStanzas, type LockedPackage, type Stanza } from "./locked-package.ts";
import { runTool } from "./run-tool.ts";
import { missing, type Workshop } from "./workshop.ts";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** The index of a whole suite is 9 MB; a mirror that does not answer must not hold anybody up for ever. */
const updateMs = 180_000;
const askMs = 30_000;
const fetchMs = 300_000;
/** All packages of one image. The largest that we make is a fifth of it. */
const mostBytes = 512 * 1024 * 1024;

/** Debian's signed archive, asked through the host's apt with a state of its own. */
export interface Archive {
  /** Packages with everything that they need, as on a machine that has nothing; in the order to unpack them. */
  resolve(names: readonly string[]): Promise<readonly LockedPackage[]>;
  /** One package alone: the newest that there is. */
  look(name: string): Promise<Stanza>;
  /** The files of packages, with exactly the bytes that the lock names. */
  fetch(packages: readonly LockedPackage[]): Promise<ReadonlyMap<string, string>>;
}

export interface ArchiveOptions {
  /** Lists, configuration and packages; the caller's to take away. */
  readonly state: string;
  /** Lines of a sources list without the first word: `http://deb.debian.org/debian bookworm main`. */
  readonly sources: readonly string[];
}

const needed = { "apt-get": "apt", "apt-cache": "apt", "apt-config": "apt", "dpkg-deb": "dpkg" };

interface Apt {
  readonly programs: Readonly<Record<keyof typeof needed, string>>;
  readonly state: string;
  readonly environment: Readonly<Record<string, string>>;
}

export async function openArchive(
  { path: folders, proxies, onStep }: Workshop,
  { state, sources }: ArchiveOptions,
): Promise<Archive | Missing> {
  const programs = await findPrograms(folders, needed);
  if ("kind" in programs) return programs;
  const isSigned = await access(keyring).then(
    () => true,
    () => false,
  );
  if (!isSigned)
    return missing(
      "the keys of Debian's archive are not on this machine",
      "apt-get install debian-archive-keyring",
    );
  const environment = { ...proxies, PATH: folders, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const config = { program: programs["apt-config"], environment, directory: "/", withinMs: askMs };
  const args = ["dump", "--no-empty", "--format", "%f %v%n", "Acquire"];
  await writeState({ state, sources }, keepSettings(await runTool({ ...config, args })));
  const apt: Apt = {
    programs,
    state,
    environment: { ...environment, APT_CONFIG: path.join(state, "apt.conf") },
  };
  onStep(`reading the package lists of ${[...new Set(sources.map(toHost))].join(", ")}`);
  await ask(apt, ["apt-get", "update", "-q", "--error-on=any"], updateMs);
  return {
    resolve: (names) => resolve(apt, names),
    look: async (name) => first(await show(apt, [name]), name),
    fetch: (packages) => fetchAll(apt, packages, onStep),
  };
}

const toHost = (source: string): string => URL.parse(source.split(" ")[0] ?? "")?.host ?? source;

/** Of the host's settings: by which way its network is left, and whether its clock can be relied on. */
const kept =
  /^Acquire::(?:https?::Proxy(?:::[^: ]+)?|https::Ca(?:Info|Path)|Check-(?:Date|Valid-Until))$/;

function keepSettings(dump: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    dump.split("\n").flatMap((line) => {
      const at = line.indexOf(" ");
      const [name, value] = [line.slice(0, at), line.slice(at + 1)];
      return kept.test(name) && !/["\\]/.test(value) ? [[name, value]] : [];
    }),
  );
}

/**
 * Nothing else of the host's apt is read, and nothing written: not its sources, keys, lists and hooks,
 * nor what is installed. Signatures are always checked.
 */
async function writeState(
  { state, sources }: ArchiveOptions,
  settingsOfHost: Readonly<Record<string, string>>,
): Promise<void> {
  for (const folder of ["lists/partial", "archives/partial"])
    await mkdir(path.join(state, folder), { recursive: true });
  await writeFile(path.join(state, "status"), "");
  await writeFile(
    path.join(state, "sources.list"),
    sources.map((source) => `deb [signed-by=${keyring}] ${source}\n`).join(""),
  );
  const settings = {
    ...settingsOfHost,
    "Dir::Etc::main": "/dev/null",
    "Dir::Etc::parts": "/dev/null",
    "Dir::Etc::sourcelist": path.join(state, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "Dir::Etc::trusted": "/dev/null",
    "Dir::Etc::trustedparts": "/dev/null",
    "Dir::State": state,
    "Dir::State::lists": "lists",
    "Dir::State::status": path.join(state, "status"),
    "Dir::State::extended_states": path.join(state, "extended_states"),
    "Dir::Cache": state,
    "Dir::Cache::archives": "archives",
    "Dir::Cache::pkgcache": "pkgcache.bin",
    "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
    "Acquire::Languages": "none",
    "Acquire::GzipIndexes": "true",
    "Acquire::Retries": "2",
    "Acquire::http::Timeout": "20",
    "Acquire::https::Timeout": "20",
    "APT::Install-Recommends": "false",
    "APT::Get::AllowUnauthenticated": "false",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  await writeFile(path.join(state, "apt.conf"), lines.join(""));
}

async function resolve(apt: Apt, names: readonly string[]): Promise<readonly LockedPackage[]> {
  const plan = await ask(apt, ["apt-get", "install", "-s", "-y", "-qq", ...names], askMs);
  const wanted = [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)].map(
    ([, name = "", version = ""]) => `${name}=${version}`,
  );
  const shown = (await show(apt, wanted)).map(({ locked }) => locked);
  return wanted.map((one) => {
    const found = shown.find(({ name, version }) => `${name}=${version}` === one);
    if (found === undefined) throw new Fault("setup_failed", `The index does not name ${one}.`);
    return found;
  });
}

const show = async (apt: Apt, names: readonly string[]): Promise<readonly Stanza[]> =>
  parseStanzas(await ask(apt, ["apt-cache", "show", "--no-all-versions", ...names], askMs));

function first(stanzas: readonly Stanza[], name: string): Stanza {
  const [stanza] = stanzas;
  if (stanza === undefined) throw new Fault("setup_failed", `The index does not name ${name}.`);
  return stanza;
}

async function fetchAll(
  apt: Apt,
  packages: readonly LockedPackage[],
  onStep: (line: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const bytes = packages.reduce((sum, one) => sum + one.bytes, 0);
  if (bytes > mostBytes)
    throw new Fault(
      "setup_failed",
      `The packages are ${toMegabytes(bytes)} MB, more than is fetched.`,
    );
  const count = packages.length === 1 ? "one package" : `${packages.length} packages`;
  onStep(`fetching ${count}, ${toMegabytes(bytes)} MB`);
  const folder = path.join(apt.state, "packages");
  await mkdir(folder, { mode: 0o755 });
  // As root apt fetches as a user without powers, which has to be able to write here.
  const fetcher = process.getuid?.() === 0 ? await findFetcher() : null;
  if (fetcher !== null) await chown(folder, fetcher, 0);
  const names = packages.map(({ name, version }) => `${name}=${version}`);
  await ask({ ...apt, state: folder }, ["apt-get", "download", "-qq", ...names], fetchMs);
  if (fetcher !== null) await chown(folder, 0, 0);
  await chmod(folder, 0o700);
  return checkAll(folder, packages);
}

/** From here on nobody but us writes there. apt has checked the same, and what it calls a file is its own matter. */
async function checkAll(
  folder: string,
  packages: readonly LockedPackage[],
): Promise<ReadonlyMap<string, string>> {
  const byDigest = new Map<string, string>();
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    byDigest.set(hash("sha256", await readFile(file), "hex"), file);
  }
  return new Map(
    packages.map(({ name, sha256 }) => {
      const file = byDigest.get(sha256);
      if (file === undefined)
        throw new Fault("setup_failed", `What was fetched as ${name} is not what the index names.`);
      return [name, file];
    }),
  );
}

async function findFetcher(): Promise<number | null> {
  const users = await readFile("/etc/passwd", "utf8").catch(() => "");
  const [, uid = ""] = /^_apt:[^:]*:(\d+):/m.exec(users) ?? [];
  return uid === "" ? null : Number(uid);
}

export const toMegabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);

function ask(
  { programs, environment, state }: Apt,
  [name, ...args]: readonly [keyof typeof needed, ...string[]],
  withinMs: number,
): Promise<string> {
  return runTool({ program: programs[name], args, environment, directory: state, withinMs });
}

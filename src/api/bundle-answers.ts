import { z } from "zod";
import { Fault, type Digest, type TenantId } from "../model/index.ts";
import type { Bundle } from "../model/bundle.ts";
import type { AgentListing } from "../ports/bundles.ts";
import { noAgent } from "../rollout/build-bundle.ts";
import type { OpenBundles } from "../rollout/bundles.ts";
import { diffBundles } from "../rollout/diff-bundles.ts";
import type { bundleRoutes } from "./bundle-routes.ts";
import type { Answers } from "./contract.ts";
import { parseBody } from "./parse-body.ts";
import { tenantOf } from "./tenant-of.ts";

export interface BundleAnswersOptions {
  /** Of the revision that is serving; asked once a request. */
  readonly bundles: () => OpenBundles;
}

const building = z.strictObject({
  agent: z.string("takes the name of an agent").min(1).max(256),
});

export function createBundleAnswers({
  bundles,
}: BundleAnswersOptions): Answers<typeof bundleRoutes> {
  return {
    listBundles: async ({ query, holder }) => {
      const open = bundles();
      const agents = pick(open.agents(), query.agent);
      const tenant = tenantOf(holder);
      const listed = await Promise.all(agents.map((agent) => listOne(open, tenant, agent)));
      return { status: 200, body: { bundles: listed } };
    },
    buildBundle: async ({ body, holder }) => {
      const { agent } = parseBody(building, body);
      return { status: 200, body: toBody(await bundles().build(tenantOf(holder), agent)) };
    },
    getBundle: async ({ params, holder }) => ({
      status: 200,
      body: toBody(await readKept(bundles(), tenantOf(holder), params.digest)),
    }),
    diffBundles: async ({ params, holder }) => {
      const [open, tenant] = [bundles(), tenantOf(holder)];
      const before = await readKept(open, tenant, params.from);
      const after = await readKept(open, tenant, params.to);
      const changes = diffBundles(before.bundle, after.bundle).map((change) => ({ ...change }));
      return { status: 200, body: { from: before.digest, to: after.digest, changes } };
    },
  };
}

function pick(agents: readonly AgentListing[], wanted: string | undefined) {
  if (wanted === undefined) return agents;
  const picked = agents.filter(({ name }) => name === wanted);
  if (picked.length > 0) return picked;
  throw noAgent(
    wanted,
    agents.map(({ name }) => name),
  );
}

/** One that cannot be built is listed with the reason, beside those that can. */
async function listOne(open: OpenBundles, tenant: TenantId, { name, description }: AgentListing) {
  try {
    const { digest } = await open.resolve(tenant, name);
    return { agent: name, description, digest, problem: null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { agent: name, description, digest: null, problem: error.message };
  }
}

async function readKept(open: OpenBundles, tenant: TenantId, digest: Digest) {
  const kept = await open.read(tenant, digest);
  if (kept !== null) return kept;
  throw new Fault("not_found", "No bundle of this digest was kept here.", { details: { digest } });
}

interface Named {
  readonly digest: Digest;
  readonly bundle: Bundle;
}

function toBody({ digest, bundle }: Named) {
  return { digest, bundle };
}

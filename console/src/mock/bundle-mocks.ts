import { afterDigest, beforeDigest, bundleChanges, keptBundles } from "./bundle-book.ts";
import type { MockAnswer, MockRoute } from "./mock-route.ts";
import { refuse } from "./refuse.ts";

const agents = [
  {
    agent: "travel-desk",
    description: "Finds and books flights within the traveller's rules.",
    digest: afterDigest,
    problem: null,
  },
  {
    agent: "refund-clerk",
    description: "Answers who wants money back, and asks a person above $50.",
    digest: null,
    problem:
      "The agent refund-clerk has the tool payments__refund, which drifted from what was accepted.",
  },
];

function readBundle(digest: string | undefined): MockAnswer {
  const bundle = keptBundles.get(digest ?? "");
  if (bundle === undefined) return refuse("not_found", "No bundle of this digest was kept here.");
  return { body: { digest, bundle } };
}

export const bundleMocks: readonly MockRoute[] = [
  { method: "GET", path: "/v1/bundles", answer: () => ({ body: { bundles: agents } }) },
  {
    method: "POST",
    path: "/v1/bundles",
    answer: ({ body }) => {
      const { agent } = body as { readonly agent: string };
      const listed = agents.find((each) => each.agent === agent);
      return listed === undefined
        ? refuse("not_found", "There is no such agent.")
        : readBundle(listed.digest ?? "");
    },
  },
  {
    method: "GET",
    path: "/v1/bundles/{digest}",
    answer: ({ params }) => readBundle(params["digest"]),
  },
  {
    method: "GET",
    path: "/v1/bundles/{from}/diff/{to}",
    answer: ({ params: { from = "", to = "" } }) => {
      if (!keptBundles.has(from) || !keptBundles.has(to))
        return refuse("not_found", "No bundle of this digest was kept here.");
      const isForth = from === beforeDigest && to === afterDigest;
      return { body: { from, to, changes: isForth ? bundleChanges : [] } };
    },
  },
];

import type { MockRoute } from "./mock-route.ts";

export const policyMocks: readonly MockRoute[] = [];

import type { MockRoute } from "./mock-route.ts";

export const costMocks: readonly MockRoute[] = [];

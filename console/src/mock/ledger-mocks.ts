import type { MockRoute } from "./mock-route.ts";

export const ledgerMocks: readonly MockRoute[] = [];

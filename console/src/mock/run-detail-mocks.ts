import type { MockRoute } from "./mock-route.ts";

export const runDetailMocks: readonly MockRoute[] = [];

import type { MockRoute } from "./mock-route.ts";

export const runMocks: readonly MockRoute[] = [];

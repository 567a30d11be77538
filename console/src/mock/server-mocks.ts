import type { MockRoute } from "./mock-route.ts";

export const serverMocks: readonly MockRoute[] = [];

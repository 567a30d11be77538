import type { MockRoute } from "./mock-route.ts";

export const bundleMocks: readonly MockRoute[] = [];

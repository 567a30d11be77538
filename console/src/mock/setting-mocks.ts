import type { MockRoute } from "./mock-route.ts";

export const settingMocks: readonly MockRoute[] = [];

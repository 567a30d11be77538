import type { MockRoute } from "./mock-route.ts";

export const approvalMocks: readonly MockRoute[] = [];

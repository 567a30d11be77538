export * from "./digest.ts";
export * from "./id.ts";
export * from "./fault.ts";
export * from "./faults.ts";

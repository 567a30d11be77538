import type { Server } from "../../client/client.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { count } from "../render-changes.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

export const listServers: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listServers();
  const { servers } = body;
  voice.answer(
    body,
    servers.length === 0
      ? "No server is registered. `countersign servers add` registers one."
      : renderTable(servers.map(toServerRow)),
  );
  return exitCodes.ok;
};

export const inspectServer: Run<Flags, [string]> = async ({ parts, voice }, flags, name) => {
  const { client } = await parts.connect(flags.url);
  const { body: server } = await client.refreshServer({ name });
  const { body } = await client.listTools();
  const tools = body.tools.filter((tool) => tool.server === name);
  voice.answer(
    { ...server, definitions: tools },
    `${renderTable([toServerRow(server)])}\n${renderTable(tools.map((tool) => ["", tool.name, tool.effect, tool.blocked === null ? "" : "blocked"]))}`,
  );
  return server.state === "ready" ? exitCodes.ok : exitCodes.tryLater;
};

export function toServerRow(server: Server): readonly string[] {
  const blocked = server.blocked === 0 ? "" : `, ${server.blocked} blocked`;
  return [
    server.name,
    server.transport,
    server.state,
    `${count(server.tools, "tool")}${blocked}`,
    server.reason ?? server.version ?? "",
  ];
}

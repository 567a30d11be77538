import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useSession } from "../../shell/use-session.ts";
import { createLiveSource } from "./live-source.ts";
import { RunFrame } from "./run-frame.tsx";

export function RunPage() {
  const { id }: { readonly id?: string } = useParams({ strict: false });
  const session = useSession();
  const source = useMemo(() => createLiveSource(session, id ?? ""), [session, id]);
  return <RunFrame source={source} />;
}

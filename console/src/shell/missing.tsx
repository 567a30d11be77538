import { Link } from "@tanstack/react-router";
import { Empty } from "../ui/empty.tsx";

export function Missing() {
  return (
    <main>
      <Empty title="There is nothing at this address.">
        It may have been mistyped, or what was here is gone.{" "}
        <Link to="/approvals" className="text-accent underline">
          To the inbox
        </Link>
      </Empty>
    </main>
  );
}

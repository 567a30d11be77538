import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./app.css";
import { queryClient } from "./api/query-client.ts";
import { router } from "./router.tsx";
import { sessionState } from "./shell/session.ts";
import { applyTheme } from "./shell/theme.ts";

applyTheme();
// What was shown to one key is not shown to the next.
sessionState.subscribe(() => {
  if (sessionState.get().session === null) queryClient.clear();
});
if (__MOCK__) {
  const { startMock } = await import("./mock/start-mock.ts");
  startMock();
}
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useClient } from "../../shell/use-session.ts";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { toolsQuery } from "../servers/server-queries.ts";
import { ExplanationView } from "./explanation-view.tsx";
import type { ServingPolicy } from "./policy-queries.ts";
import { QuestionForm } from "./question-form.tsx";
import { emptyForm, readQuestion, toForm, type AskedForm } from "./question.ts";

/** A question to policy, kept in the address, and what policy says to it. */
export function ExplainView({ serving }: { readonly serving: ServingPolicy }) {
  const client = useClient();
  const navigate = useNavigate();
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const inAddress = toForm(search["asked"]);
  const [form, setForm] = useState<AskedForm>(inAddress ?? emptyForm);
  const [isPressed, setPressed] = useState(false);
  const tools = useQuery(toolsQuery(client));
  const read = readQuestion(form);
  const wanted = inAddress === null ? null : readQuestion(inAddress);
  const question = wanted?.kind === "question" ? wanted.question : null;
  const explained = useQuery({
    queryKey: ["policy", "explain", serving.digest, question],
    queryFn: async () => (await client.explainPolicy({ body: JSON.stringify({ question }) })).body,
    enabled: question !== null,
  });
  return (
    <div className="grid items-start gap-x-6 xl:grid-cols-[minmax(0,26rem)_minmax(0,1fr)]">
      <Section title="Who asks for what">
        <QuestionForm
          form={form}
          wrong={isPressed && read.kind === "wrong" ? read.wrong : {}}
          tools={(tools.data ?? []).map(({ name }) => name)}
          serving={serving}
          isBusy={explained.isFetching}
          onChange={setForm}
          onAsk={() => {
            setPressed(true);
            if (read.kind === "wrong") return;
            void navigate({
              to: ".",
              search: { tab: "ask", asked: form },
            });
            if (question !== null) void explained.refetch();
          }}
        />
      </Section>
      <div className="min-w-0">
        {question === null ? (
          <div className="rounded-lg border border-dashed border-line-strong px-6 py-12 text-center text-sm text-muted">
            Ask what would become of a call. Nothing is called: policy alone answers, with each rule
            about the tool and why it did or did not hold.
          </div>
        ) : null}
        {explained.error === null ? null : <FaultNotice error={explained.error} />}
        {question !== null && explained.isPending ? <Skeleton rows={6} /> : null}
        {explained.data === undefined || question === null ? null : (
          <ExplanationView question={question} explained={explained.data} />
        )}
      </div>
    </div>
  );
}

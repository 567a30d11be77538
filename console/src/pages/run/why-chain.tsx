import { Badge, type Tone } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { ChainLink, Known } from "./chain-link.tsx";
import { toToolName } from "./span-label.ts";
import { useArgs, useBundle, useReceipt, type WhyScope } from "./use-why.ts";
import { AgreedLink, DecidedLink } from "./why-decided.tsx";
import { RecordedLink, SentLink } from "./why-sent.tsx";

export interface WhyChainProps {
  readonly scope: WhyScope;
  /** The roles that the run acts with. */
  readonly roles: readonly string[];
}

/** From the model's wish to the proof of what came of it, read from top to bottom. */
export function WhyChain({ scope, roles }: WhyChainProps) {
  const { call } = scope;
  const receipt = useReceipt(scope);
  const { tool, effect, step, ordinal, ended } = call;
  return (
    <article aria-label={`Why ${tool}`} className="mx-auto max-w-3xl">
      <header className="mb-5">
        <h2 className="flex flex-wrap items-center gap-2 text-base font-semibold">
          <Inert text={toToolName(tool)} />
          <Badge tone={effectTones[effect] ?? "neutral"}>{effect}</Badge>
          <Badge tone={outcomeTones[ended?.outcome ?? "open"] ?? "neutral"}>
            {ended === null ? "not over" : ended.outcome.replaceAll("_", " ")}
          </Badge>
        </h2>
        <p className="mt-1 text-xs text-muted">
          Call {ordinal} of step {step}
        </p>
      </header>
      <ol>
        <AskedLink scope={scope} />
        <OfferedLink scope={scope} />
        <FactsLink scope={scope} />
        <DecidedLink scope={scope} receipt={receipt} roles={roles} />
        <AgreedLink scope={scope} />
        <SentLink scope={scope} receipt={receipt} />
        <RecordedLink scope={scope} receipt={receipt} />
      </ol>
    </article>
  );
}

const effectTones: Readonly<Record<string, Tone>> = {
  read: "info",
  write: "warn",
  destructive: "danger",
  refused: "danger",
};
const outcomeTones: Readonly<Record<string, Tone>> = {
  answered: "ok",
  completed: "ok",
  denied: "danger",
  unknown: "danger",
  fault: "danger",
  failed: "danger",
  open: "info",
};

function AskedLink({ scope }: { readonly scope: WhyScope }) {
  const { backend, step, askedMs, args: digest } = scope.call;
  const args = useArgs(scope);
  return (
    <ChainLink
      title={backend === null ? "Planned to take an effect back" : "Asked by the model"}
      atMs={askedMs}
    >
      <p>
        {backend === null ? (
          `As the agent declares it, at step ${step}.`
        ) : (
          <>
            The backend <Inert text={backend} /> asked for it at step {step}.
          </>
        )}
      </p>
      <Known asked={args} what="With which arguments">
        {(text) => (
          <pre
            tabIndex={0}
            aria-label="Arguments"
            className="max-h-56 overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs whitespace-pre-wrap"
          >
            <Inert text={text} lines escapes />
          </pre>
        )}
      </Known>
      <p className="text-xs text-muted">
        Digest of the arguments <Copy text={digest} label="digest of the arguments" />
      </p>
    </ChainLink>
  );
}

const ownWords: Readonly<Record<string, string>> = {
  wait: "The engine offers it, since the agent may wait.",
  skill: "The engine offers it, since the agent has skills.",
  find: "The engine offers it, since there are more tools than are shown at once.",
  refused: "It was not offered: what the model wrote names no tool, or has no arguments.",
};

function OfferedLink({ scope }: { readonly scope: WhyScope }) {
  const { run, call } = scope;
  const bundle = useBundle(scope);
  const { tool: name, effect, foundIn, skill } = call;
  const own = Object.hasOwn(ownWords, effect) ? ownWords[effect] : undefined;
  return (
    <ChainLink title="Offered because" tone={effect === "refused" ? "danger" : "plain"}>
      {own === undefined ? (
        <Known asked={bundle} what="The part of the bundle">
          {({ tools, servers, toolset }) => {
            const tool = tools.find(({ exposed }) => exposed === name);
            if (tool === undefined)
              return <p>The bundle that the run began with does not have it.</p>;
            const server = servers.find((each) => each.name === tool.server);
            return (
              <Facts
                facts={[
                  {
                    name: "Toolset",
                    value: toolset === "" ? "all servers" : <Inert text={toolset} />,
                  },
                  {
                    name: "Server",
                    value: (
                      <>
                        <Inert text={tool.server} />
                        {server === undefined ? "" : `, isolation ${server.isolation}`}
                      </>
                    ),
                  },
                  { name: "Pin", value: <Copy text={tool.pin} label="pin" /> },
                ]}
              />
            );
          }}
        </Known>
      ) : (
        <p>{own}</p>
      )}
      {foundIn === null ? null : (
        <p>The model had looked for tools, and found it in call {foundIn}.</p>
      )}
      {skill === null ? null : (
        <p>
          It read <Inert text={skill.path} /> of the skill <Inert text={skill.skill} />{" "}
          <Copy text={skill.digest} label="digest of the file" />
        </p>
      )}
      <p className="text-xs text-muted">
        Bundle <Copy text={run.bundle} label="bundle's digest" />
      </p>
    </ChainLink>
  );
}

function FactsLink({ scope }: { readonly scope: WhyScope }) {
  const { facts, ended } = scope.call;
  const contradicts = ended?.contradicts ?? null;
  if (facts.length === 0 && contradicts === null) return null;
  return (
    <ChainLink
      title="Rested on"
      tone={contradicts === null ? "ok" : "danger"}
      atMs={facts[0]?.atMs ?? null}
    >
      <ul className="grid gap-1">
        {facts.map(({ key, was, value, why }, at) => (
          <li key={at} className="flex flex-wrap items-center gap-2">
            <code className="font-mono text-xs">
              <Inert text={key} />
            </code>
            <span className="text-muted">read again, as it was {why}</span>
            <Badge tone={value === was ? "ok" : "danger"}>
              {value === null ? "gone" : value === was ? "the same" : "changed"}
            </Badge>
          </li>
        ))}
      </ul>
      {contradicts === null ? null : (
        <p>
          Its arguments were not in line with{" "}
          <code className="font-mono text-xs">
            <Inert text={contradicts} />
          </code>
          .
        </p>
      )}
    </ChainLink>
  );
}

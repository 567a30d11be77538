import { useQuery } from "@tanstack/react-query";
import type { RunExplanation } from "../../../../src/client/client.ts";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { AdmissionLayer, DeliveryLayer, IdentityLayer, StateLayer } from "./outer-layers.tsx";
import { ExecutionLayer } from "./execution-layer.tsx";
import { explanationQuery } from "./more-queries.ts";
import type { RunTabProps } from "./run-tab.ts";

/** The run as somebody sees it who does not know its inside yet: five layers, and where it broke. */
export function OutsideTab({ source, run }: RunTabProps) {
  const { data, error, refetch } = useQuery(explanationQuery(source, run));
  return (
    <div
      className="h-full overflow-y-auto p-4 md:p-6"
      tabIndex={0}
      role="region"
      aria-label="Layers of the run"
    >
      {data === undefined && error !== null ? (
        <FaultNotice error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Skeleton rows={10} />
      ) : data === null ? (
        <Empty
          title="It is not in the file"
          command={`countersign runs export ${run.id} > run.json`}
        >
          An older version wrote this file. Export the run again to see it from the outside in.
        </Empty>
      ) : (
        <Layers explanation={data} isLive={source.isLive} />
      )}
    </div>
  );
}

interface LayersProps {
  readonly explanation: RunExplanation;
  readonly isLive: boolean;
}

function Layers({ explanation, isLive }: LayersProps) {
  const { trace, head, cut, identity, admission, state, execution, delivery } = explanation;
  return (
    <div className="mx-auto max-w-4xl">
      <p className="mb-4 text-xs text-muted">
        From the log up to event {head}, in the trace <Copy text={trace} label="trace's id" />
        {cut ? ". It is too long to be read whole: of each list the last are shown." : null}
      </p>
      <ol>
        <IdentityLayer identity={identity} isLive={isLive} />
        <AdmissionLayer admission={admission} />
        <StateLayer state={state} />
        <ExecutionLayer execution={execution} isLive={isLive} />
        <DeliveryLayer delivery={delivery} />
      </ol>
    </div>
  );
}

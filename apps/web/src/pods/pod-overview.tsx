'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1';
import { inWords } from '../api/call-api';
import { resourceOf } from '../api/paths';
import { Facts, Part } from '../detail/facts';
import { useApiObject } from '../detail/use-api-object';
import { Age } from '../ui/age';
import { ShowLink } from '../ui/show';
import { PodMeters } from '../usage/pod-meters';
import { VolumesPart } from '../volumes/volumes-part';
import { bytes, cpus, plural } from '../words/amounts';
import { exitInWords } from '../words/pod-words';
import { WhyHere } from './why-here';
import { WhyWaiting } from './why-waiting';

export function PodOverview({ pod }: { pod: FleetPod }) {
  const { object, error } = useApiObject<Pod>({ resource: 'pods', namespace: pod.namespace, name: pod.name });
  const owner = pod.owner ? resourceOf(pod.owner.kind) : undefined;
  return (
    <>
      {pod.phase === 'Pending' && !pod.node ? <WhyWaiting pod={pod} /> : null}
      <Part title="Where and whose">
        <Facts
          facts={[
            [
              'Node',
              pod.node ? (
                <ShowLink key="node" className="link" to={{ resource: 'nodes', name: pod.node }}>
                  {pod.node}
                </ShowLink>
              ) : undefined,
            ],
            [
              'Address',
              pod.ip ? (
                <span key="ip" className="mono">
                  {pod.ip}
                </span>
              ) : undefined,
            ],
            [
              'Kept by',
              pod.owner ? (
                <>
                  {pod.owner.kind}{' '}
                  {owner ? (
                    <ShowLink
                      className="link"
                      to={{ resource: owner, namespace: pod.namespace, name: pod.owner.name }}
                    >
                      {pod.owner.name}
                    </ShowLink>
                  ) : (
                    pod.owner.name
                  )}
                </>
              ) : (
                'nobody: when it ends, it is not replaced'
              ),
            ],
            ['Made', <Age key="made" time={pod.created} suffix />],
            [
              'Asks for',
              pod.cpu || pod.memory
                ? `${cpus(pod.cpu)} CPU, ${bytes(pod.memory)} memory`
                : 'nothing in particular',
            ],
          ]}
        />
      </Part>
      {error ? <p className="mb-4 text-[13px] text-fail-ink">{inWords(error)}</p> : null}
      <PodMeters pod={pod} />
      {object ? <Containers pod={object} /> : null}
      {object ? (
        <VolumesPart volumes={object.spec?.volumes} namespace={pod.namespace} pod={pod.name} />
      ) : null}
      {pod.node ? <WhyHere pod={pod} /> : null}
      {object ? <Conditions pod={object} /> : null}
    </>
  );
}

function Containers({ pod }: { pod: Pod }) {
  const specs = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const statuses = new Map(
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map((each) => [
      each.name,
      each,
    ]),
  );
  return (
    <Part title="Containers" note={plural(specs.length, 'container')}>
      <div className="flex flex-col gap-2">
        {specs.map((container) => {
          const status = statuses.get(container.name);
          return (
            <div key={container.name} className="rounded-lg border border-line px-3.5 py-2.5">
              <div className="flex items-baseline gap-2">
                <b className="font-semibold">{container.name}</b>
                <span className="mono min-w-0 flex-1 truncate text-ink-3" title={container.image}>
                  {container.image}
                </span>
                {status && status.restartCount > 0 ? (
                  <span className="tag" data-tone="attention">
                    {plural(status.restartCount, 'restart')}
                  </span>
                ) : null}
              </div>
              <p className="mt-0.5 text-[13px] text-ink-2">{stateInWords(status)}</p>
              {container.ports?.length ? (
                <p className="mt-0.5 text-[12.5px] text-ink-3">
                  listens on{' '}
                  {container.ports
                    .map(({ containerPort, protocol }) => `${containerPort}/${protocol ?? 'TCP'}`)
                    .join(', ')}
                </p>
              ) : null}
            </div>
          );
        })}
      </div>
    </Part>
  );
}

function stateInWords(status: ContainerStatus | undefined) {
  const running = status?.state?.running;
  const waiting = status?.state?.waiting;
  const ended = status?.state?.terminated;
  if (running) {
    return (
      <>
        Runs since <Age time={running.startedAt} suffix />
        {status?.ready ? '' : ', not ready yet'}
      </>
    );
  }
  if (ended)
    return `Ended with ${exitInWords(ended.exitCode)}${ended.reason ? `: ${ended.reason}` : ''}${ended.message ? `. ${ended.message}` : ''}`;
  if (waiting)
    return `Waits: ${waiting.reason ?? 'not started'}${waiting.message ? `. ${waiting.message}` : ''}`;
  return '–';
}

function Conditions({ pod }: { pod: Pod }) {
  const conditions = pod.status?.conditions ?? [];
  if (conditions.length === 0) return null;
  return (
    <Part title="Conditions">
      <ul className="flex flex-col gap-1.5 text-[13px]">
        {conditions.map(({ type, status, message, lastTransitionTime }) => (
          <li key={type} className="grid grid-cols-[14px_140px_minmax(0,1fr)_auto] items-baseline gap-2">
            <i
              className="tile self-center [--tile:11px]"
              data-look={status === 'True' ? 'running' : 'waiting'}
              aria-hidden="true"
            />
            <span>
              {type}
              <span className="sr-only">: {status}</span>
            </span>
            <span className="truncate text-ink-3" title={message}>
              {message ?? ''}
            </span>
            <span className="text-ink-3">
              {lastTransitionTime ? <Age time={lastTransitionTime} suffix /> : ''}
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}

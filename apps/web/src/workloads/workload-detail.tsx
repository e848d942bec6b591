'use client';
import type { FleetJobProgress, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { EventsTab } from '../detail/events-tab';
import { Facts, Part } from '../detail/facts';
import { DetailFrame } from '../detail/frame';
import { keyOfRef, useApiObject } from '../detail/use-api-object';
import { YamlTab } from '../detail/yaml-tab';
import { useFleetComplete, useFleetObject, useFleetSet } from '../fleet/hooks';
import { historyTab } from '../history/history-tab';
import { PodRow } from '../pods/pod-row';
import { Age } from '../ui/age';
import { ShowLink, type Shown } from '../ui/show';
import { ClaimsPart } from '../volumes/claims-part';
import { VolumesPart } from '../volumes/volumes-part';
import { bytes, cpus, plural } from '../words/amounts';
import { Guards } from './guards';
import { isRestartable, workloadKind } from './model';
import { RestartButton } from './restart-button';

export function WorkloadDetail({ shown }: { shown: Shown }) {
  const object = useFleetObject(keyOfRef(shown));
  const complete = useFleetComplete();
  const workload = object && 'desired' in object ? object : undefined;
  return (
    <DetailFrame
      shown={shown}
      gone={complete && !workload}
      lead={workload ? <Lead workload={workload} /> : '–'}
      actions={workload && isRestartable(workload) ? <RestartButton workload={workload} /> : null}
      tabs={[
        { id: 'overview', name: 'Overview', content: workload ? <Overview workload={workload} /> : null },
        { id: 'events', name: 'Events', content: <EventsTab shown={shown} /> },
        historyTab(shown),
        { id: 'yaml', name: 'YAML', content: workload ? <YamlTab shown={shown} /> : null, fill: true },
      ]}
    />
  );
}

function Lead({ workload }: { workload: FleetWorkload }) {
  const { desired, ready, job } = workload;
  if (job) return <JobLead job={job} />;
  if (workload.failure) return <b className="font-semibold text-fail-ink">{workload.failure}</b>;
  if (desired === 0) return <p>It is set to none: nothing of it runs.</p>;
  if (ready >= desired) return <p>All {plural(desired, 'replica')} run and are ready.</p>;
  return (
    <p>
      <b className="font-semibold text-ink">
        {ready} of {desired} ready.
      </b>{' '}
      {plural(desired - ready, 'replica')} still to come.
    </p>
  );
}

function JobLead({ job }: { job: FleetJobProgress }) {
  if (job.outcome === 'Failed')
    return <b className="font-semibold text-fail-ink">It gave up. {job.message}</b>;
  const done = job.completions === undefined ? `${job.succeeded}` : `${job.succeeded} of ${job.completions}`;
  if (job.outcome) return <p>It is done: {done} succeeded.</p>;
  if (job.suspended) return <p>It is suspended: {done} done, nothing runs.</p>;
  return (
    <p>
      <b className="font-semibold text-ink">{done} done,</b> {plural(job.active, 'pod')} at work
      {job.failed > 0 ? `, ${job.failed} failed` : ''}.
    </p>
  );
}

function Overview({ workload }: { workload: FleetWorkload }) {
  // The pods of a replica set that belongs to a deployment count as the deployment's.
  const pods = useFleetSet<'pods'>(`${workload.owner ? 'owner' : 'workload'}:${workload.uid}`);
  const { object } = useApiObject<KubeObject & { spec?: { template?: PodTemplateSpec } }>({
    resource: workload.resource,
    namespace: workload.namespace,
    name: workload.name,
  });
  const owned = useFleetSet<'replicasets'>(`owner:${workload.uid}`);
  const sets = [...owned].reverse().filter((set) => set.desired > 0 || set.replicas > 0 || owned.length <= 5);
  return (
    <>
      <Part title="What it is">
        <Facts
          facts={[
            ['Kind', workloadKind(workload)],
            [
              'Image',
              workload.images.map((image) => (
                <div key={image} className="mono">
                  {image}
                </div>
              )),
            ],
            [
              'Each asks for',
              workload.cpu || workload.memory
                ? `${cpus(workload.cpu)} CPU, ${bytes(workload.memory)} memory`
                : 'nothing in particular',
            ],
            ['Made', <Age key="made" time={workload.created} suffix />],
            ...(workload.job
              ? ([
                  ['At once', `up to ${workload.job.parallelism}`],
                  ['Begun', <Age key="begun" time={workload.job.started} suffix />],
                  ['Ended', <Age key="ended" time={workload.job.finished} suffix />],
                ] as const)
              : []),
            ...(workload.revision ? ([['Revision', workload.revision]] as const) : []),
          ]}
        />
      </Part>
      <Guards workload={workload} />
      <div className="mb-6" />
      {workload.claims ? <ClaimsPart workload={workload} templates={workload.claims} /> : null}
      <VolumesPart volumes={object?.spec?.template?.spec?.volumes} namespace={workload.namespace} />
      {workload.resource === 'deployments' ? (
        <Part title="Rollout" note={`${workload.updated ?? 0} of ${workload.desired} on the newest`}>
          <div className="flex flex-col gap-1.5">
            {sets.map((set) => (
              <div
                key={set.uid}
                className="grid grid-cols-[minmax(0,1fr)_90px_80px] items-center gap-3 text-[13px]"
              >
                <ShowLink
                  className="truncate hover:underline"
                  to={{ resource: 'replicasets', namespace: set.namespace, name: set.name }}
                >
                  {set.name} <span className="text-ink-3">revision {set.revision ?? '–'}</span>
                </ShowLink>
                <span className="track" aria-hidden="true">
                  <i
                    style={{
                      transform: `scaleX(${workload.desired > 0 ? Math.min(1, set.ready / workload.desired) : 0})`,
                      background: 'var(--run)',
                    }}
                  />
                </span>
                <span className="figures text-right text-ink-3">
                  {set.ready}/{set.desired} ready
                </span>
              </div>
            ))}
          </div>
        </Part>
      ) : null}
      <Part title="Pods" note={plural(pods.length, 'pod')}>
        <div className="flex flex-col">
          {pods.slice(0, 200).map((pod) => (
            <PodRow key={pod.uid} pod={pod} />
          ))}
        </div>
        {pods.length > 200 ? (
          <p className="mt-2 text-[12.5px] text-ink-3">and {pods.length - 200} more</p>
        ) : null}
        {pods.length === 0 ? <p className="text-[13px] text-ink-3">None.</p> : null}
      </Part>
    </>
  );
}

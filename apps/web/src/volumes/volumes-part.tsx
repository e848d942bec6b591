'use client';
import type { FleetClaim } from '@wheelhouse/shared/console/protocol';
import type { Volume } from 'kubernetes-types/core/v1';
import { Part } from '../detail/facts';
import { useFleetObject } from '../fleet/hooks';
import { ShowLink } from '../ui/show';
import { plural } from '../words/amounts';
import { volumeInWords } from './volume-words';

/** Tokens that the cluster mounts by itself are no news. */
const isOwn = ({ name }: Volume) => !name.startsWith('kube-api-access-');

/** What a pod has mounted, and how its claims are. */
export function VolumesPart({
  volumes,
  namespace,
  pod,
}: {
  volumes: readonly Volume[] | undefined;
  namespace: string;
  /** Whose volumes these are; claims of its own carry its name. */
  pod?: string;
}) {
  const own = (volumes ?? []).filter(isOwn);
  if (own.length === 0) return null;
  return (
    <Part title="Volumes" note={plural(own.length, 'volume')}>
      <ul className="flex flex-col gap-1.5 text-[13px]">
        {own.map((volume) => (
          <li key={volume.name} className="grid grid-cols-[120px_minmax(0,1fr)] items-baseline gap-4">
            <span className="truncate text-ink-3">{volume.name}</span>
            <VolumeLine volume={volume} namespace={namespace} pod={pod} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

function VolumeLine({
  volume,
  namespace,
  pod,
}: {
  volume: Volume;
  namespace: string;
  pod: string | undefined;
}) {
  const claim =
    volume.persistentVolumeClaim?.claimName ??
    (volume.ephemeral && pod ? `${pod}-${volume.name}` : undefined);
  if (claim) return <ClaimLine namespace={namespace} name={claim} />;
  const source = volume.configMap?.name ?? volume.secret?.secretName;
  if (!source) return <span>{volumeInWords(volume)}</span>;
  return (
    <span>
      {volume.configMap ? 'config map' : 'secret'}{' '}
      <ShowLink
        className="link"
        to={{ resource: volume.configMap ? 'configmaps' : 'secrets', namespace, name: source }}
      >
        {source}
      </ShowLink>
    </span>
  );
}

/** A claim by its name: bound to what, how large, or that it waits. */
export function ClaimLine({ namespace, name }: { namespace: string; name: string }) {
  const object = useFleetObject(`persistentvolumeclaims/${namespace}/${name}`);
  const claim = object?.resource === 'persistentvolumeclaims' ? object : undefined;
  return (
    <span className="min-w-0 [overflow-wrap:anywhere]">
      claim{' '}
      <ShowLink className="link" to={{ resource: 'persistentvolumeclaims', namespace, name }}>
        {name}
      </ShowLink>
      {claim ? <ClaimState claim={claim} /> : <span className="text-fail-ink">, which is not there</span>}
    </span>
  );
}

function ClaimState({ claim }: { claim: FleetClaim }) {
  if (claim.phase === 'Bound')
    return (
      <span className="text-ink-3">
        , {claim.size ?? 'of unknown size'} on{' '}
        {claim.volume ? (
          <ShowLink className="hover:underline" to={{ resource: 'persistentvolumes', name: claim.volume }}>
            {claim.volume}
          </ShowLink>
        ) : (
          'a volume'
        )}
        {claim.storageClass ? ` (${claim.storageClass})` : ''}
      </span>
    );
  if (claim.phase === 'Lost') return <span className="text-fail-ink">, whose volume is lost</span>;
  return (
    <span className="text-brass-ink">
      , {claim.phase === 'Pending' ? 'waits for a volume' : claim.phase.toLowerCase()}
    </span>
  );
}

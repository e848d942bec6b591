import { equalJson } from '@wheelhouse/shared/meta/json';
import type { KubeObject, OwnerReference } from '@wheelhouse/shared/meta/object';
import type { RequestContext } from './request-context';

/**
 * Takes out owners that are named twice in the very same words, and warns the client of its mistake: in what it sent,
 * or in what has become of the object since.
 */
export function dropRepeatedOwners(
  object: KubeObject,
  { warnings }: RequestContext,
  stage: 'sent' | 'made',
): void {
  const owners = object.metadata?.ownerReferences;
  if (!owners || owners.length < 2) return;
  const kept: OwnerReference[] = [];
  const repeated: string[] = [];
  const byUid = new Map<string, OwnerReference[]>();
  for (const owner of owners) {
    const same = byUid.get(owner.uid) ?? [];
    byUid.set(owner.uid, same);
    if (same.some((one) => equalJson(one, owner))) repeated.push(owner.uid);
    else {
      same.push(owner);
      kept.push(owner);
    }
  }
  if (repeated.length === 0) return;
  object.metadata = { ...object.metadata, ownerReferences: kept };
  const when = stage === 'sent' ? '' : ' after mutating admission happens';
  const warning = `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`;
  if (!warnings.includes(warning)) warnings.push(warning);
}

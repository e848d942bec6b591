import { apiError, badRequest, conflict } from '@wheelhouse/shared/errors';
import { cloneJson } from '@wheelhouse/shared/meta/json';
import type { KubeObject, Status, Stored } from '@wheelhouse/shared/meta/object';
import { timestamp } from '@wheelhouse/shared/meta/timestamp';
import type { Pod } from 'kubernetes-types/core/v1';
import type { Ref, RequestContext, WriteOutcome } from './request-context';
import type { StoredResource } from './stored-resource';
import { mutateObject } from './update';

/** Times that are unset are written as null; the types know texts alone. */
export const UNPROBED = { lastProbeTime: null } as unknown as { lastProbeTime?: string };

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string; apiVersion?: string };
}

/** Assigns a pod to a node: once, and not while the pod is being deleted. */
export async function bindPod(
  resource: StoredResource,
  request: { readonly context: RequestContext; readonly ref: Ref; readonly body: KubeObject },
): Promise<WriteOutcome> {
  const { context, ref } = request;
  const binding: Binding = request.body;
  const { target, metadata } = binding;
  if (metadata?.name !== ref.name) throw badRequest('name in URL does not match name in Binding object');
  const node = target?.name ?? '';
  if (node === '' || (target?.kind !== undefined && target.kind !== '' && target.kind !== 'Node')) {
    const kindWrong = node !== '';
    throw apiError(
      'Invalid',
      `Binding ${JSON.stringify(ref.name)} is invalid: ${kindWrong ? 'target.kind: Unsupported value' : 'target.name: Required value'}`,
      {
        subject: { kind: 'Binding', name: ref.name },
        causes: [
          kindWrong
            ? {
                reason: 'FieldValueNotSupported',
                message: `Unsupported value: ${JSON.stringify(target?.kind)}: supported values: "Node", "<empty>"`,
                field: 'target.kind',
              }
            : { reason: 'FieldValueRequired', message: 'Required value', field: 'target.name' },
        ],
      },
    );
  }
  const outcome = await mutateObject(resource, {
    context,
    ref,
    rules: 'internal',
    subresource: 'binding',
    build: (current) => bound(resource, current, binding, node),
  });
  return { ...outcome, answer: success(), created: true };
}

function bound(resource: StoredResource, current: Stored<KubeObject>, binding: Binding, node: string): Pod {
  // `resource` is that of pods.
  const pod = cloneJson<Pod>(current as Pod);
  const name = current.metadata.name;
  const subject = { ...resource.subject(name), kind: 'pods/binding' };
  const { uid, resourceVersion } = binding.metadata ?? {};
  if (uid && uid !== current.metadata.uid) {
    throw conflict(
      subject,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`,
    );
  }
  if (pod.metadata?.deletionTimestamp)
    throw conflict(subject, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec?.nodeName)
    throw conflict(subject, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if (pod.spec) pod.spec.nodeName = node;
  const annotations = binding.metadata?.annotations;
  const { resourceVersion: _any, ...metadata } = pod.metadata ?? {};
  pod.metadata = {
    ...metadata,
    ...(annotations ? { annotations: { ...metadata.annotations, ...annotations } } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
  const status = pod.status ?? {};
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    // Unset, as it always is: its clients read the key.
    ...UNPROBED,
    lastTransitionTime: timestamp(resource.now()),
  };
  return { ...pod, status: { ...status, conditions: [...others, scheduled] } };
}

export function success(): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

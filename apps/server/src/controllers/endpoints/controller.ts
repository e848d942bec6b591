import { isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { endpointsKind } from '@wheelhouse/shared/kinds/core/endpoints';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { keyOf, type ObjectKey, type Stored, splitKey } from '@wheelhouse/shared/meta/object';
import type { Endpoints, Service } from 'kubernetes-types/core/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { sameJson } from '../machinery/same-json';
import { enqueueServices } from '../serving/enqueue';
import { podsOf, selectsPods } from '../serving/service-pods';
import { TriggerTimes, withTriggerTime } from '../serving/trigger-times';
import { type EndpointsPlan, planEndpoints } from './plan';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const HEADLESS = 'service.kubernetes.io/headless';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const NAME = 'endpoint-controller';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';

/** Keeps the Endpoints object of every service that selects pods. */
export const endpointsController: ControllerDefinition = {
  name: 'endpoints',
  setup(context) {
    const { client } = context;
    const queue = context.queue();
    const services = context.cache(serviceKind);
    const endpoints = context.cache(endpointsKind);
    const pods = context.cache(podKind);
    /** Of services that have just been deleted: their Endpoints go with them, whoever made them. */
    const abandoned = new Set<ObjectKey>();
    context.informer(serviceKind).subscribe({
      added: (service) => abandoned.delete(keyOf(service)),
      deleted: (service) => abandoned.add(keyOf(service)),
    });
    const pacer = enqueueServices(context, queue);
    const triggers = new TriggerTimes();
    // Also finds what a service left behind that was deleted while nobody looked.
    context.informer(endpointsKind).subscribe({
      added: (object) => queue.add(keyOf(object)),
      updated: (object) => queue.add(keyOf(object)),
      deleted: (object) => queue.add(keyOf(object)),
    });

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const service = services.get(key);
      const current = endpoints.get(key);
      if (!service) {
        pacer.note(key, 0);
        triggers.forget(key);
        await removeLeftover(current, abandoned.has(key));
        abandoned.delete(key);
        return undefined;
      }
      if (!selectsPods(service) || service.metadata.deletionTimestamp) return undefined;
      const selected = podsOf(service, pods);
      pacer.note(key, selected.length);
      const time = triggers.look(service, selected);
      const wanted = endpointsObject(service, current, { ...planEndpoints(service, selected), time });
      if (!current) return create(wanted);
      const { labels, annotations } = current.metadata;
      // A new time alone is no reason to write: it goes with what it is the time of.
      const lasting = (all: Record<string, string> | undefined) => withTriggerTime(all, undefined);
      const same =
        sameJson(current.subsets ?? [], wanted.subsets ?? []) &&
        sameJson(labels ?? {}, wanted.metadata?.labels ?? {}) &&
        sameJson(lasting(annotations), lasting(wanted.metadata?.annotations));
      if (!same) await client.update(endpointsKind, wanted);
      return undefined;
    }

    async function create(wanted: Endpoints): Promise<void> {
      try {
        await client.create(endpointsKind, wanted);
      } catch (error) {
        // The watch will show it, and the key comes again.
        if (!isAlreadyExists(error)) throw error;
      }
    }

    /** Endpoints that never had a service (made by hand, or held by old leader elections) stay. */
    async function removeLeftover(
      current: Stored<Endpoints> | undefined,
      hadService: boolean,
    ): Promise<void> {
      if (!current || current.metadata.deletionTimestamp || LEADER in (current.metadata.annotations ?? {}))
        return;
      if (!hadService && current.metadata.labels?.[MANAGED_BY] !== NAME) return;
      try {
        const { uid, resourceVersion } = current.metadata;
        await client.delete(endpointsKind, current.metadata, { preconditions: { uid, resourceVersion } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    return { name: 'endpoints', queue, reconcile };
  },
};

function endpointsObject(
  service: Stored<Service>,
  current: Stored<Endpoints> | undefined,
  { subsets, truncated, time }: EndpointsPlan & { readonly time: string | undefined },
): Endpoints {
  const { namespace } = splitKey(keyOf(service));
  const { [OVER_CAPACITY]: _, ...annotations } = current?.metadata.annotations ?? {};
  return {
    ...current,
    metadata: {
      ...current?.metadata,
      name: service.metadata.name,
      ...(namespace ? { namespace } : {}),
      labels: {
        ...service.metadata.labels,
        [MANAGED_BY]: NAME,
        ...(service.spec?.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
      },
      annotations: withTriggerTime(
        { ...annotations, ...(truncated ? { [OVER_CAPACITY]: 'truncated' } : {}) },
        time,
      ),
    },
    subsets,
  };
}

import { isNotFound } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Service } from 'kubernetes-types/core/v1';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { controllerReference } from '../machinery/owners';
import { sameJson } from '../machinery/same-json';
import { enqueueServices } from '../serving/enqueue';
import { podsOf, selectsPods } from '../serving/service-pods';
import { planSlices, type SliceContent } from './plan';

const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const HEADLESS = 'service.kubernetes.io/headless';
const NAME = 'endpointslice-controller.k8s.io';
const ZONE = 'topology.kubernetes.io/zone';

/** Keeps the EndpointSlices of every service that selects pods. Slices that others manage are left alone. */
export const endpointSliceController: ControllerDefinition = {
  name: 'endpointslice',
  setup(context) {
    const { client } = context;
    const queue = context.queue();
    const services = context.cache(serviceKind);
    const slices = context.cache(endpointSliceKind);
    const pods = context.cache(podKind);
    const nodes = context.cache(nodeKind);
    const pacer = enqueueServices(context, queue);
    const enqueueService = ({ metadata }: Stored<EndpointSlice>) => {
      const service = metadata.labels?.[SERVICE_NAME];
      if (service && metadata.labels?.[MANAGED_BY] === NAME) queue.add(`${metadata.namespace}/${service}`);
    };
    context.informer(endpointSliceKind).subscribe({
      added: enqueueService,
      updated(slice, previous) {
        enqueueService(previous);
        enqueueService(slice);
      },
      deleted: enqueueService,
    });
    context.informer(nodeKind);

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const mine = slices
        .byIndex('service', key)
        .filter(({ metadata }) => metadata.labels?.[MANAGED_BY] === NAME && !metadata.deletionTimestamp);
      const service = services.get(key);
      if (!service) {
        pacer.note(key, 0);
        await Promise.all(mine.map(remove));
        return undefined;
      }
      if (!selectsPods(service) || service.metadata.deletionTimestamp) return undefined;
      const zoneOf = (node: string) => nodes.get(node)?.metadata.labels?.[ZONE];
      const selected = podsOf(service, pods);
      pacer.note(key, selected.length);
      const plan = planSlices(service, selected, mine, zoneOf);
      const labels = sliceLabels(service);
      const update = new Map(plan.update.map(({ slice, endpoints }) => [keyOf(slice), endpoints]));
      const removed = new Set(plan.remove.map(keyOf));
      // New addresses first, so that no moment has fewer of them than before or after.
      for (const content of plan.create)
        await client.create(endpointSliceKind, newSlice(service, content, labels));
      for (const slice of mine) {
        const key = keyOf(slice);
        const endpoints = update.get(key);
        if (removed.has(key) || (!endpoints && sameJson(slice.metadata.labels, labels))) continue;
        const metadata = { ...slice.metadata, labels };
        await client.update(endpointSliceKind, { ...slice, metadata, ...(endpoints ? { endpoints } : {}) });
      }
      await Promise.all(plan.remove.map(remove));
      return undefined;
    }

    async function remove(slice: Stored<EndpointSlice>): Promise<void> {
      try {
        const { uid } = slice.metadata;
        await client.delete(endpointSliceKind, slice.metadata, { preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    return { name: 'endpointslices', queue, reconcile };
  },
};

function sliceLabels(service: Stored<Service>): Record<string, string> {
  return {
    ...service.metadata.labels,
    [SERVICE_NAME]: service.metadata.name,
    [MANAGED_BY]: NAME,
    ...(service.spec?.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
  };
}

function newSlice(
  service: Stored<Service>,
  content: SliceContent,
  labels: Record<string, string>,
): EndpointSlice {
  const { name, namespace = '' } = service.metadata;
  return {
    metadata: {
      // Leaves room for the five generated characters.
      generateName: `${name.slice(0, 57)}-`,
      namespace,
      labels,
      ownerReferences: [controllerReference(serviceKind, service)],
    },
    ...content,
  };
}

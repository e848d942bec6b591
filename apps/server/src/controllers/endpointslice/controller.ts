import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Service } from 'kubernetes-types/core/v1';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { controllerReference } from '../machinery/owners';
import { enqueueServices } from '../serving/enqueue';
import { podsOf, selectsPods } from '../serving/service-pods';
import { TriggerTimes } from '../serving/trigger-times';
import { sameTopology, type Topology, topologyOf, wantsHints } from './hints';
import { planSlices } from './plan';
import { removeSlices, writeSlices } from './write-slices';

const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const HEADLESS = 'service.kubernetes.io/headless';
const NAME = 'endpointslice-controller.k8s.io';

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
    const events = context.recorder('endpoint-slice-controller');
    const pacer = enqueueServices(context, queue);
    const triggers = new TriggerTimes();
    let known: Topology | undefined;
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
    context.informer(nodeKind).subscribe({
      added: forgetTopology,
      updated: (node, previous) => !sameTopology(node, previous) && forgetTopology(),
      deleted: forgetTopology,
    });
    function forgetTopology(): void {
      known = undefined;
      for (const service of services.list()) if (wantsHints(service)) pacer.add(keyOf(service));
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const mine = slices
        .byIndex('service', key)
        .filter(({ metadata }) => metadata.labels?.[MANAGED_BY] === NAME && !metadata.deletionTimestamp);
      const service = services.get(key);
      if (!service) {
        pacer.note(key, 0);
        triggers.forget(key);
        await removeSlices(client, mine);
        return undefined;
      }
      if (!selectsPods(service) || service.metadata.deletionTimestamp) return undefined;
      const selected = podsOf(service, pods);
      pacer.note(key, selected.length);
      const plan = planSlices(service, selected, mine, topology());
      tellOfHints(service, mine, plan.unhinted);
      await writeSlices(client, mine, plan, {
        namespace: service.metadata.namespace ?? '',
        name: service.metadata.name,
        labels: sliceLabels(service),
        ownerReferences: [controllerReference(serviceKind, service)],
        triggerTime: triggers.look(service, selected),
      });
      return undefined;
    }

    /** Computed once for as long as the nodes say the same. */
    function topology(): Topology {
      known ??= topologyOf(nodes.list());
      return known;
    }

    function tellOfHints(
      service: Stored<Service>,
      before: readonly Stored<EndpointSlice>[],
      unhinted: string | undefined,
    ): void {
      if (wantsHints(service) !== 'proportional') return;
      const had = before.some(({ endpoints }) => endpoints?.some(({ hints }) => hints));
      if (unhinted && had) events.record(service, 'Warning', 'TopologyAwareHintsDisabled', unhinted);
      else if (!unhinted && !had) {
        const text = 'Topology Aware Hints has been enabled';
        events.record(service, 'Normal', 'TopologyAwareHintsEnabled', text);
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

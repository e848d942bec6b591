import type { WorkQueue } from '@wheelhouse/shared/client/workqueue';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { keyOf, type Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ControllerContext } from '../machinery/controller';
import { Pacer } from '../machinery/pacer';
import { mapMatcher } from '../machinery/selectors';
import { servesAlike } from './service-pods';

/**
 * Puts a service into the queue when it changes and when a pod that it selects, or selected, does: at once, but for
 * services of many hundred pods, where changes gather for some milliseconds. Tell the result how many pods there are.
 */
export function enqueueServices(context: ControllerContext, queue: WorkQueue): Pacer {
  const pacer = new Pacer(queue, { msPerMember: 1 / 100, maxMs: 50 });
  const services = context.cache(serviceKind);
  const enqueueFor = (pod: Stored<Pod>) => {
    for (const service of services.byIndex('namespace', pod.metadata.namespace ?? '')) {
      if (mapMatcher(service.spec?.selector)(pod.metadata.labels)) pacer.add(keyOf(service));
    }
  };
  context.informer(serviceKind).subscribe({
    added: (service) => queue.add(keyOf(service)),
    updated: (service) => queue.add(keyOf(service)),
    deleted: (service) => queue.add(keyOf(service)),
  });
  context.informer(podKind).subscribe({
    added: enqueueFor,
    updated(pod, previous) {
      if (servesAlike(pod, previous)) return;
      enqueueFor(pod);
      if (JSON.stringify(pod.metadata.labels) !== JSON.stringify(previous.metadata.labels))
        enqueueFor(previous);
    },
    deleted: enqueueFor,
  });
  return pacer;
}

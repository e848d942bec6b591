import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { ControllerDefinition } from '../machinery/controller';
import { controllerOf } from '../machinery/owners';
import { selectorMatcher } from '../machinery/selectors';
import { replicationReconciler } from '../replication/reconciler';

export const replicaSetController: ControllerDefinition = {
  name: 'replicaset',
  setup(context) {
    const sets = context.cache(replicaSetKind);
    const pods = context.cache(podKind);
    return replicationReconciler(
      {
        type: replicaSetKind,
        component: 'replicaset-controller',
        matcher: (set) => selectorMatcher(set.spec?.selector),
        withStatus: (set, status) => ({ ...set, status }),
        /** The pods of all ReplicaSets of the same Deployment. */
        related(set, own) {
          const deployment = controllerOf(set);
          if (!deployment) return own;
          return sets
            .byIndex('controller', deployment.uid)
            .flatMap(({ metadata }) => pods.byIndex('controller', metadata.uid));
        },
      },
      context,
    );
  },
};

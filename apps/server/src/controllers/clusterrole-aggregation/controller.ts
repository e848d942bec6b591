import { clusterRoleKind } from '@wheelhouse/shared/kinds/rbac/cluster-role';
import { keyOf, type ObjectKey } from '@wheelhouse/shared/meta/object';
import type { ControllerContext, ControllerDefinition, Outcome, Reconciler } from '../machinery/controller';
import { gatheredRules } from './plan';

/**
 * Fills aggregated cluster roles (admin, edit, view and people's own) with the rules of the roles that carry their
 * labels, so that a new kind of object joins them by one labelled role.
 */
export const clusterRoleAggregationController: ControllerDefinition = {
  name: 'clusterrole-aggregation',
  setup(context: ControllerContext): Reconciler {
    const queue = context.queue();
    const roles = context.cache(clusterRoleKind);
    // Roles change seldom and aggregated ones are few: all of them are looked at again.
    const lookAgain = () => {
      for (const role of roles.list()) if (role.aggregationRule) queue.add(keyOf(role));
    };
    context.informer(clusterRoleKind).subscribe({ added: lookAgain, updated: lookAgain, deleted: lookAgain });

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const role = roles.get(key);
      if (!role || role.metadata.deletionTimestamp) return;
      const rules = gatheredRules(role, roles.list());
      if (rules) await context.client.update(clusterRoleKind, { ...role, rules });
    }
    return { name: 'clusterroles', queue, reconcile };
  },
};

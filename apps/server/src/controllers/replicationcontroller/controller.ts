import { replicationControllerKind } from '@wheelhouse/shared/kinds/core/replication-controller';
import type { ControllerDefinition } from '../machinery/controller';
import { mapMatcher } from '../machinery/selectors';
import { replicationReconciler } from '../replication/reconciler';

export const replicationControllerController: ControllerDefinition = {
  name: 'replicationcontroller',
  setup: (context) =>
    replicationReconciler(
      {
        type: replicationControllerKind,
        component: 'replication-controller',
        // Without a selector the template's labels count; the API fills that in, older stores may not have it.
        matcher: ({ spec }) => mapMatcher(spec?.selector ?? spec?.template?.metadata?.labels),
        withStatus: (controller, status) => ({ ...controller, status }),
      },
      context,
    ),
};

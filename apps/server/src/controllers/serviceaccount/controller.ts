import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import type { ControllerDefinition } from '../machinery/controller';
import { ensureInNamespaces } from '../machinery/ensure-in-namespaces';

/** Every namespace has the service account `default`, under which pods run that name none. */
export const serviceAccountController: ControllerDefinition = {
  name: 'serviceaccount',
  setup: (context) =>
    ensureInNamespaces(context, { type: serviceAccountKind, name: 'default', make: () => ({}) }),
};

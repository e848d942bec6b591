import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import type { ControllerDefinition } from '../machinery/controller';
import { ensureInNamespaces } from '../machinery/ensure-in-namespaces';

const DESCRIPTION = 'kubernetes.io/description';

/** Publishes the cluster's CA as `kube-root-ca.crt` in every namespace, from where pods trust the API server. */
export const rootCaController: ControllerDefinition = {
  name: 'root-ca-certificate-publisher',
  setup(context) {
    const { rootCa } = context.settings;
    if (!rootCa) return [];
    const data = { 'ca.crt': rootCa };
    return ensureInNamespaces(context, {
      type: configMapKind,
      name: 'kube-root-ca.crt',
      make: () => ({
        metadata: {
          annotations: {
            [DESCRIPTION]:
              'Contains a CA bundle that can be used to verify the API server from inside the cluster.',
          },
        },
        data,
      }),
      correct(current) {
        const same = Object.keys(current.data ?? {}).length === 1 && current.data?.['ca.crt'] === rootCa;
        return same && !current.binaryData ? undefined : { ...current, data, binaryData: undefined };
      },
    });
  },
};

import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import type { ControllerDefinition } from '../machinery/controller';
import { ensureInNamespaces } from '../machinery/ensure-in-namespaces';

const DESCRIPTION = 'kubernetes.io/description';
/** Word for word what clients know it by from other clusters. */
const TEXT =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

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
      make: () => ({ metadata: { annotations: { [DESCRIPTION]: TEXT } }, data }),
      correct(current) {
        const { annotations = {} } = current.metadata;
        const same = Object.keys(current.data ?? {}).length === 1 && current.data?.['ca.crt'] === rootCa;
        if (same && !current.binaryData && annotations[DESCRIPTION]) return undefined;
        const metadata = { ...current.metadata, annotations: { ...annotations, [DESCRIPTION]: TEXT } };
        return { ...current, metadata, data, binaryData: undefined };
      },
    });
  },
};

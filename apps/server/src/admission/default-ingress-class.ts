import { forbidden } from '@wheelhouse/shared/errors';
import { ingressClassKind } from '@wheelhouse/shared/kinds/networking/ingress-class';
import { groupResourceOf } from '@wheelhouse/shared/meta/kind';
import type { Ingress } from 'kubernetes-types/networking/v1';
import type { AdmissionPlugin } from './admission';

const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
/** How ingresses named their class before there were classes; still respected. */
const OLD_ANNOTATION = 'kubernetes.io/ingress.class';

/** Gives ingresses that name no class the cluster's default one, if there is one. */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  admit({ operation, kind, subresource, object, name, reader }) {
    if (operation !== 'create' || subresource !== undefined || !object) return;
    if (groupResourceOf(kind) !== 'ingresses.networking.k8s.io') return;
    // Objects of this resource are ingresses.
    const ingress = object as Ingress;
    if (
      ingress.spec?.ingressClassName !== undefined ||
      ingress.metadata?.annotations?.[OLD_ANNOTATION] !== undefined
    )
      return;
    return reader.list(ingressClassKind).then((classes) => {
      const defaults = classes
        .filter(({ metadata }) => metadata.annotations?.[DEFAULT] === 'true')
        .sort(
          ({ metadata: a }, { metadata: b }) =>
            (b.creationTimestamp ?? '').localeCompare(a.creationTimestamp ?? '') ||
            (a.name < b.name ? -1 : 1),
        );
      const [chosen] = defaults;
      if (!chosen) return;
      if (!ingress.spec) throw forbidden({ group: kind.group, kind: kind.plural, name }, 'spec is needed');
      ingress.spec.ingressClassName = chosen.metadata.name;
    });
  },
};

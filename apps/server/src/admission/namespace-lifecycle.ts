import { apiError, forbidden, notFound } from '@wheelhouse/shared/errors';
import { type Namespace, namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import type { AdmissionAttributes, AdmissionPlugin } from './admission';

const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Nothing is created in a namespace that is missing (404) or going away (403); three namespaces never go away. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  admit(attributes) {
    const { operation, kind, namespace, name, reader, subresource } = attributes;
    if (operation === 'delete' && kind.group === '' && kind.plural === 'namespaces' && IMMORTAL.has(name))
      throw forbidden({ kind: 'namespaces', name }, 'this namespace may not be deleted');
    // Subresources (binding, eviction) belong to objects that are there already; those may end in peace.
    if (operation !== 'create' || namespace === undefined || subresource !== undefined) return;
    const cached = reader.cached?.(namespaceKind, { name: namespace });
    if (cached) return refuseWhenTerminating(cached, attributes);
    return reader.get(namespaceKind, { name: namespace }).then((found) => {
      if (!found) throw notFound({ kind: 'namespaces', name: namespace });
      refuseWhenTerminating(found, attributes);
    });
  },
};

function refuseWhenTerminating(namespace: Namespace, { kind, refusalName: name }: AdmissionAttributes): void {
  if (namespace.status?.phase !== 'Terminating' && !namespace.metadata?.deletionTimestamp) return;
  const own = namespace.metadata?.name ?? '';
  const subject = { group: kind.group, kind: kind.plural, name };
  const resource = kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
  throw apiError(
    'Forbidden',
    `${resource} "${name}" is forbidden: unable to create new content in namespace ${own} because it is being terminated`,
    {
      subject,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${own} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  );
}

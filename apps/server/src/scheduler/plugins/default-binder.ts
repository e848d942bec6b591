import type { Client } from '@wheelhouse/shared/client/client';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Binding } from 'kubernetes-types/core/v1';
import type { Plugin } from '../framework/plugin';

/** Binds through the API: POST …/pods/NAME/binding. */
export function defaultBinder(client: Pick<Client, 'createSubresource'>): Plugin {
  return {
    name: 'DefaultBinder',

    async bind({ pod }, node) {
      const { namespace, name, uid } = pod;
      const binding: Binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        // The UID keeps a pod that was deleted and created again under its name from getting an old decision.
        metadata: { namespace, name, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      };
      await client.createSubresource(podKind, { namespace, name }, 'binding', binding);
      return true;
    },
  };
}

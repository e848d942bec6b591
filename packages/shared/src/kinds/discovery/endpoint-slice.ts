import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import type { KindDefinition } from '../../meta/kind';

export type { EndpointSlice };

export const endpointSliceKind: KindDefinition<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
  schema: 'io.k8s.api.discovery.v1.EndpointSlice',
};

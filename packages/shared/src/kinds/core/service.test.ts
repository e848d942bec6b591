import type { Service, ServiceSpec } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { serviceKind } from './service';

const now = new Date();
function service(spec: ServiceSpec): Service {
  const object: Service = { metadata: { name: 'web', namespace: 'default' }, spec: structuredClone(spec) };
  serviceKind.default?.(object);
  return object;
}
function update(previous: Service, spec: ServiceSpec) {
  const next = service(spec);
  serviceKind.prepareForUpdate?.(next, structuredClone(previous), { now });
  return {
    spec: next.spec,
    errors: [
      ...(serviceKind.validate?.(next) ?? []),
      ...(serviceKind.validateUpdate?.(next, previous) ?? []),
    ],
  };
}
const ports = [{ port: 80 }];
const allocated = service({
  type: 'NodePort',
  ports: [{ port: 80, nodePort: 30080 }],
  clusterIP: '10.96.0.7',
  clusterIPs: ['10.96.0.7'],
});

describe('what was allocated to a service', () => {
  it('stays when an update does not speak of it', () => {
    const { spec, errors } = update(allocated, { type: 'NodePort', ports });
    expect(errors).toEqual([]);
    expect(spec).toMatchObject({
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7'],
      ports: [{ nodePort: 30080 }],
    });
  });

  it('cannot be changed', () => {
    const single = update(allocated, { type: 'NodePort', ports, clusterIP: '10.96.0.8' });
    expect(single.errors).toMatchObject([
      { field: 'spec.clusterIPs', reason: 'FieldValueRequired' },
      { field: 'spec.clusterIPs[0]', reason: 'FieldValueInvalid' },
    ]);
    // As a patch of the one field leaves the other one.
    const patched = update(allocated, { ...allocated.spec, clusterIP: '10.96.0.8' });
    expect(patched.errors).toMatchObject([{ field: 'spec.clusterIPs[0]', reason: 'FieldValueInvalid' }]);
  });

  it('goes with the type that needed it', () => {
    const plain = update(allocated, { ...allocated.spec, type: 'ClusterIP' });
    expect(plain.errors).toEqual([]);
    expect(plain.spec?.ports?.[0]).not.toHaveProperty('nodePort');
    expect(plain.spec).not.toHaveProperty('externalTrafficPolicy');
    const name = update(allocated, { ...allocated.spec, type: 'ExternalName', externalName: 'example.com' });
    expect(name.errors).toEqual([]);
    expect(name.spec).not.toHaveProperty('clusterIP');
  });
});

it('prints addresses and ports as people know them', () => {
  const cells = (object: Service) =>
    Object.fromEntries((serviceKind.columns ?? []).map((column) => [column.name, column.cell(object, now)]));
  expect(cells(allocated)).toMatchObject({
    'Cluster-IP': '10.96.0.7',
    'External-IP': '<none>',
    'Port(s)': '80:30080/TCP',
  });
  const balanced = service({ type: 'LoadBalancer', ports });
  expect(cells(balanced)).toMatchObject({ 'External-IP': '<pending>', Selector: '<none>' });
});

import { describe, expect, it } from 'vitest';
import { ApiError } from '../errors';
import { deploymentKind } from '../kinds/apps/deployment';
import { leaseKind } from '../kinds/coordination/lease';
import { configMapKind } from '../kinds/core/config-map';
import { eventKind } from '../kinds/core/event';
import { podKind } from '../kinds/core/pod';
import { secretKind } from '../kinds/core/secret';
import { decode, decodePatched, decodeType } from './decode';

const pod = (spec: object, metadata: object = {}) => ({ apiVersion: 'v1', kind: 'Pod', metadata, spec });

describe('decode', () => {
  it('drops and reports what the schema does not know', () => {
    const { object, unknownFields } = decode(
      podKind,
      pod({ foo: 1, containers: [{ name: 'c', image: 'i', bar: {}, ports: [{ containerPort: 80, x: 1 }] }] }),
    );
    expect(unknownFields).toEqual([
      'unknown field "spec.containers[0].ports[0].x"',
      'unknown field "spec.containers[0].bar"',
      'unknown field "spec.foo"',
    ]);
    expect(object.spec).toEqual({
      containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }], resources: {} }],
    });
  });

  it('shares nothing with its input', () => {
    const raw = pod({ containers: [{ name: 'c', image: 'i' }] }, { labels: { a: 'b' } });
    const frozen = JSON.parse(JSON.stringify(raw));
    const { object } = decode(podKind, Object.freeze(raw));
    object.metadata = { name: 'other' };
    if (object.spec?.containers[0]) object.spec.containers[0].image = 'x';
    expect(raw).toEqual(frozen);
  });

  it('writes the same bytes in whatever order the fields came', () => {
    const one = decode(podKind, {
      spec: { containers: [{ image: 'i', name: 'c' }] },
      metadata: { name: 'a' },
    });
    const two = decode(podKind, {
      metadata: { name: 'a' },
      kind: 'Pod',
      apiVersion: 'v1',
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    expect(JSON.stringify(one.object)).toBe(JSON.stringify(two.object));
    expect(Object.keys(one.object)).toEqual(['kind', 'apiVersion', 'metadata', 'spec', 'status']);
  });

  it('takes null and empty collections as absent, and null in a map as the zero value', () => {
    const { object } = decode(configMapKind, {
      metadata: { name: 'a', labels: {}, finalizers: [], annotations: null },
      data: { x: null },
      binaryData: {},
    });
    expect(object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { x: '' } });
  });

  it('takes the zero of a number or switch as absent, unless it says something else than nothing', () => {
    const { object } = decode(deploymentKind, {
      metadata: { name: 'a', generation: 0 },
      spec: { replicas: 0, minReadySeconds: 0, paused: false, progressDeadlineSeconds: 0 },
    });
    expect(object.metadata).toEqual({ name: 'a' });
    expect(Object.keys(object.spec ?? {})).toEqual([
      'progressDeadlineSeconds',
      'replicas',
      'strategy',
      'template',
    ]);
    expect(() => decode(deploymentKind, { spec: { paused: 0 } })).toThrow('of type bool');
  });

  it('takes the year 1 as no time, and refuses days that there are not', () => {
    const event = (firstTimestamp: string) =>
      decode(eventKind, { involvedObject: {}, firstTimestamp }).object;
    expect(event('0001-01-01T00:00:00Z').firstTimestamp).toBeNull();
    expect(event('2020-02-29T00:00:00Z').firstTimestamp).toBe('2020-02-29T00:00:00Z');
    expect(() => event('2021-02-29T00:00:00Z')).toThrow('parsing time');
  });

  it('rounds amounts of resources up to thousandths', () => {
    const { object } = decode(
      podKind,
      pod({ containers: [{ resources: { requests: { cpu: '0.0001', memory: '1.5Gi' } } }] }),
    );
    expect(object.spec?.containers[0]?.resources?.requests).toEqual({ cpu: '1m', memory: '1536Mi' });
  });

  it("fills in what Kubernetes never leaves off the wire, in the schema's order", () => {
    const { object } = decode(
      podKind,
      pod({
        containers: [
          { image: 'i', env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] },
        ],
        topologySpreadConstraints: [null],
      }),
    );
    expect(object.spec).toEqual({
      containers: [
        {
          env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } } }],
          image: 'i',
          name: '',
          resources: {},
        },
      ],
      topologySpreadConstraints: [{ maxSkew: 0, topologyKey: '', whenUnsatisfiable: '' }],
    });
    const status = { conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ name: 'c' }] };
    expect(decode(podKind, { status }).object.status).toEqual({
      conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }],
      containerStatuses: [
        { name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state: {}, lastState: {} },
      ],
    });
  });

  it('takes an empty text as none, except where it means something else', () => {
    const { object } = decode(
      podKind,
      pod({ restartPolicy: '', nodeName: '', runtimeClassName: '', containers: [] }),
    );
    expect(object.spec).toEqual({ runtimeClassName: '', containers: [] });
  });

  it('canonicalises quantities and times', () => {
    const { object } = decode(
      podKind,
      pod(
        { containers: [{ name: 'c', resources: { limits: { cpu: 0.5, memory: '1024Mi' } } }] },
        { creationTimestamp: '2026-01-01T01:00:00.5+01:00' },
      ),
    );
    expect(object.spec?.containers[0]?.resources?.limits).toEqual({ cpu: '500m', memory: '1Gi' });
    expect(object.metadata?.creationTimestamp).toBe('2026-01-01T00:00:00Z');
  });

  it.each([
    [
      pod({ containers: 'x' }),
      'cannot unmarshal string into Go struct field spec.containers of type []v1.Container',
    ],
    [
      pod({ containers: [1] }),
      'cannot unmarshal number into Go struct field spec.containers[0] of type v1.Container',
    ],
    [
      pod({}, { labels: { k: 1 } }),
      'cannot unmarshal number into Go struct field metadata.labels.k of type string',
    ],
    [pod({}, { labels: ['a'] }), 'cannot unmarshal array into Go struct field metadata.labels'],
    [pod({ priority: 1.5 }), 'number 1.5 into Go struct field spec.priority of type int32'],
    [pod({ priority: 3e9 }), 'of type int32'],
    [pod({ hostNetwork: 'yes' }), 'of type bool'],
    [
      pod({ containers: [{ resources: { limits: { cpu: 'abc' } } }] }),
      'quantities must match the regular expression',
    ],
    [[], 'cannot unmarshal array'],
    ['x', 'cannot unmarshal string'],
  ])('refuses %j', (raw, message) => {
    expect(() => decode(podKind, raw)).toThrow(message);
    expect(() => decode(podKind, raw)).toThrow(ApiError);
  });

  it('refuses another kind or version than the expected one', () => {
    expect(() => decode(podKind, { apiVersion: 'v2', kind: 'Pod' })).toThrow(
      'the API version in the data (v2) does not match the expected API version (v1)',
    );
    expect(() => decode(podKind, { apiVersion: 'v1', kind: 'Service' })).toThrow(
      'cannot be handled as a Pod',
    );
  });

  it('refuses bytes that are no base64, and microseconds that are not six digits', () => {
    expect(() => decode(configMapKind, { binaryData: { x: '***' } })).toThrow('illegal base64');
    expect(() => decode(leaseKind, { spec: { renewTime: '2026-01-01T00:00:00.5Z' } })).toThrow(/six digits/);
    const renewTime = '2026-01-01T00:00:00.000001Z';
    expect(decode(leaseKind, { spec: { renewTime } }).object.spec?.renewTime).toBe(renewTime);
  });

  it('writes bytes anew: line breaks go, and bits that belong to no byte', () => {
    const secret = (data: object) => decode(secretKind, { metadata: { name: 's' }, data }).object.data;
    expect(secret({ a: 'YR==', b: 'YWJ=', c: 'YWI=', d: 'Y\nQ==', e: '' })).toEqual({
      a: 'YQ==',
      b: 'YWI=',
      c: 'YWI=',
      d: 'YQ==',
      e: '',
    });
  });

  it('keeps hostile keys as data', () => {
    const raw = JSON.parse('{"data":{"__proto__":"x","constructor":"y"},"__proto__":{"polluted":true}}');
    const { object, unknownFields } = decode(configMapKind, raw);
    expect(unknownFields).toEqual(['unknown field "__proto__"']);
    expect(JSON.stringify(object.data)).toBe('{"__proto__":"x","constructor":"y"}');
    expect(Object.getPrototypeOf(object.data)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });

  it('bounds the depth of what has no schema', () => {
    let deep: unknown = {};
    for (let i = 0; i < 1000; i++) deep = { a: deep };
    const raw = { metadata: { managedFields: [{ fieldsV1: deep }] } };
    expect(() => decode(podKind, raw)).toThrow('nested too deeply');
  });
});

it('blames the patch for what it made of an object', () => {
  try {
    decodePatched(configMapKind, { data: ['x'] });
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ code: 422, status: { details: { causes: [{ field: 'patch' }] } } });
  }
});

it('decodes a type by its name', () => {
  const { object } = decodeType('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', {
    gracePeriodSeconds: 0,
    preconditions: { uid: 'u' },
  });
  expect(object).toEqual({ gracePeriodSeconds: 0, preconditions: { uid: 'u' } });
});

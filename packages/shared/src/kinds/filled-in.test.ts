import { expect, it } from 'vitest';
import { daemonSetKind } from './apps/daemon-set';
import { deploymentKind } from './apps/deployment';
import { limitRangeKind } from './core/limit-range';
import { nodeKind } from './core/node';
import { podKind } from './core/pod';

/** What a kind fills in where a client says nothing, beyond plain defaults. */
const limits = { cpu: '1', memory: '1Gi' };
const podSpec = () => ({ containers: [{ name: 'c', image: 'i', resources: { limits: { ...limits } } }] });

it('requests what is limited in pods, not in templates', () => {
  const pod = { spec: podSpec() };
  podKind.default?.(pod);
  expect(pod.spec.containers[0]?.resources).toEqual({ limits, requests: limits });

  const deployment = { spec: { selector: {}, template: { spec: podSpec() } } };
  deploymentKind.default?.(deployment);
  expect(deployment.spec.template.spec.containers[0]?.resources).toEqual({ limits });
});

it.each([
  [{ podCIDR: '10.0.0.0/24' }, { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] }],
  [{ podCIDRs: ['10.0.0.0/24'] }, { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] }],
  [
    { podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.0.0/24', 'fd00::/64'] },
    { podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24'] },
  ],
  [
    { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24', 'fd00::/64'] },
    { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24', 'fd00::/64'] },
  ],
])('keeps the two fields of a range of pods together: %j', (spec, expected) => {
  const node = { spec };
  nodeKind.default?.(node);
  expect(node.spec).toEqual(expected);
});

it('writes the list of limits where there are none', () => {
  for (const spec of [{}, { limits: [] }]) {
    const range = { spec } as Parameters<NonNullable<typeof limitRangeKind.default>>[0];
    limitRangeKind.default?.(range);
    expect(range.spec).toEqual({ limits: null });
  }
});

it('counts the templates of a daemon set from zero, so that whoever writes it owns the count', () => {
  const set = {};
  daemonSetKind.default?.(set);
  expect(set).toEqual({ metadata: { annotations: { 'deprecated.daemonset.template.generation': '0' } } });
});

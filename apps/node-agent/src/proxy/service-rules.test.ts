import type { Service } from '@wheelhouse/shared/kinds/core/service';
import type { EndpointSlice } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import { describe, expect, it } from 'vitest';
import { computeServiceRules } from './service-rules';

const service = (spec: Service['spec']): Service => ({ metadata: { namespace: 'shop', name: 'web' }, spec });

const slice = (
  endpoints: EndpointSlice['endpoints'],
  ports: EndpointSlice['ports'] = [{ port: 8080, protocol: 'TCP' }],
): EndpointSlice => ({
  metadata: { namespace: 'shop', name: 'web-1' },
  addressType: 'IPv4',
  endpoints,
  ports,
});

const port80 = {
  clusterIP: '10.96.0.9',
  clusterIPs: ['10.96.0.9'],
  ports: [{ port: 80, protocol: 'TCP' as const }],
};
const addresses = (rule: { backends: readonly { address: string }[] } | undefined) =>
  rule?.backends.map((item) => item.address);

describe('computeServiceRules', () => {
  it('has no rules for headless and external-name services', () => {
    for (const spec of [
      { ...port80, clusterIP: 'None', clusterIPs: ['None'] },
      { ...port80, type: 'ExternalName' as const, externalName: 'x.example' },
    ]) {
      expect(computeServiceRules([{ service: service(spec), slices: [] }], 'node-1')).toEqual([]);
    }
  });

  it('sends traffic to ready endpoints, each once, over all slices', () => {
    const slices = [
      slice([
        { addresses: ['10.1.0.2'], conditions: { ready: true } },
        { addresses: ['10.1.0.9'], conditions: { ready: false } },
      ]),
      slice([{ addresses: ['10.1.0.1'] }, { addresses: ['10.1.0.2'], conditions: { ready: true } }]),
    ];
    const [rule] = computeServiceRules([{ service: service(port80), slices }], 'node-1');
    expect(addresses(rule)).toEqual(['10.1.0.1', '10.1.0.2']);
    expect(rule?.id).toBe('shop/web:80/TCP');
  });

  it('keeps to the endpoints that are meant for the zone of the node', () => {
    const endpoint = (address: string, zone?: string, ready = true) => ({
      addresses: [address],
      conditions: { ready },
      ...(zone ? { hints: { forZones: [{ name: zone }] } } : {}),
    });
    const chosen = (endpoints: EndpointSlice['endpoints'], zone?: string) =>
      addresses(
        computeServiceRules([{ service: service(port80), slices: [slice(endpoints)] }], 'node-1', zone)[0],
      );
    const hinted = [
      endpoint('10.1.0.1', 'a'),
      endpoint('10.1.0.2', 'b'),
      endpoint('10.1.0.3', undefined, false),
    ];
    expect(chosen(hinted, 'a')).toEqual(['10.1.0.1']);
    // A zone for which nobody is meant, a node without a zone, and hints that are not complete yet: all serve.
    expect(chosen(hinted, 'c')).toEqual(['10.1.0.1', '10.1.0.2']);
    expect(chosen(hinted)).toEqual(['10.1.0.1', '10.1.0.2']);
    expect(chosen([...hinted, endpoint('10.1.0.4')], 'a')).toEqual(['10.1.0.1', '10.1.0.2', '10.1.0.4']);
  });

  it('falls back to endpoints that terminate but still serve', () => {
    const leaving = { ready: false, serving: true, terminating: true };
    const slices = [
      slice([
        { addresses: ['10.1.0.3'], conditions: leaving },
        { addresses: ['10.1.0.4'], conditions: { ...leaving, serving: false } },
      ]),
    ];
    const [rule] = computeServiceRules([{ service: service(port80), slices }], 'node-1');
    expect(addresses(rule)).toEqual(['10.1.0.3']);
  });

  it('matches ports by name and protocol', () => {
    const spec = {
      ...port80,
      ports: [
        { name: 'http', port: 80, protocol: 'TCP' as const },
        { name: 'dns', port: 53, protocol: 'UDP' as const },
      ],
    };
    const slices = [
      slice(
        [{ addresses: ['10.1.0.1'] }],
        [
          { name: 'http', port: 8080, protocol: 'TCP' },
          { name: 'dns', port: 5353, protocol: 'UDP' },
        ],
      ),
    ];
    const rules = computeServiceRules([{ service: service(spec), slices }], 'node-1');
    expect(rules.map((rule) => [rule.protocol, rule.port, rule.backends[0]?.port])).toEqual([
      ['TCP', 80, 8080],
      ['UDP', 53, 5353],
    ]);
  });

  it('keeps to the node where the policy says Local', () => {
    const slices = [
      slice([
        { addresses: ['10.1.0.1'], nodeName: 'node-1' },
        { addresses: ['10.1.0.2'], nodeName: 'node-2' },
      ]),
    ];
    const spec = {
      ...port80,
      type: 'NodePort' as const,
      externalTrafficPolicy: 'Local' as const,
      ports: [{ port: 80, nodePort: 30_080 }],
    };
    const [rule] = computeServiceRules([{ service: service(spec), slices }], 'node-2');
    expect(addresses(rule)).toEqual(['10.1.0.1', '10.1.0.2']);
    expect(rule?.externalBackends).toEqual([{ address: '10.1.0.2', port: 8080 }]);
    expect(rule?.nodePort).toBe(30_080);
  });
});

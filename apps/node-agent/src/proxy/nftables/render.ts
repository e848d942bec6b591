import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { Backend, ServiceRule } from '../dataplane';
import { backendKey } from '../service-rules';

export interface RenderOptions {
  readonly table: string;
  readonly servesClusterIps: boolean;
  readonly nodePortAddresses: readonly string[];
}

/** Marks the connections that this table has redirected, so that only those get the host's source address. */
const CONNECTION_MARK = '0x77680001';

/**
 * The whole ruleset of one table as `nft -f` input, IPv4. Pure. Loading it replaces the table in one transaction:
 * there is no moment with half the rules, and connections that are open stay with their backends, because the
 * kernel redirects only the first packet of each.
 *
 * The service address is looked up in one map, so the cost of a packet does not grow with the number of services.
 */
export function renderRuleset(rules: readonly ServiceRule[], options: RenderOptions): string {
  const { table } = options;
  const chains: string[] = [];
  const entries: string[] = [];
  for (const rule of rules) {
    const targets = [
      ...(options.servesClusterIps
        ? rule.serviceIps.map((address) => ({
            address,
            port: rule.port,
            backends: rule.backends,
            side: 'internal',
          }))
        : []),
      ...(rule.nodePort === undefined
        ? []
        : options.nodePortAddresses.map((address) => ({
            address,
            port: rule.nodePort,
            backends: rule.externalBackends,
            side: 'external',
          }))),
    ].filter((target) => isIPv4(target.address) && target.backends.some(isV4));
    const sides = new Map(targets.map((target) => [target.side, target.backends.filter(isV4)]));
    for (const [side, backends] of sides) chains.push(...renderService(rule, side, backends));
    for (const { address, port, side } of targets) {
      entries.push(`${address} . ${rule.protocol.toLowerCase()} . ${port} : goto ${chainName(rule, side)}`);
    }
  }
  return [
    `table ip ${table}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    '  map services {',
    '    type ipv4_addr . inet_proto . inet_service : verdict',
    ...(entries.length > 0 ? [`    elements = { ${[...new Set(entries)].join(', ')} }`] : []),
    '  }',
    ...chains,
    '  chain prerouting {',
    '    type nat hook prerouting priority dstnat; policy accept;',
    '    ip daddr . meta l4proto . th dport vmap @services',
    '  }',
    '  chain output {',
    '    type nat hook output priority -100; policy accept;',
    '    ip daddr . meta l4proto . th dport vmap @services',
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    // Answers must come back through this host: pods on one bridge would otherwise answer each other directly.
    `    ct mark ${CONNECTION_MARK} oifname != "lo" masquerade`,
    '  }',
    '}',
    '',
  ].join('\n');
}

const isV4 = (backend: Backend): boolean => isIPv4(backend.address);

/** Names of chains are short and safe whatever the service is called. */
const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
const chainName = (rule: ServiceRule, side: string): string => `svc-${digest(`${rule.id} ${side}`)}`;

function renderService(rule: ServiceRule, side: string, backends: readonly Backend[]): string[] {
  const name = chainName(rule, side);
  const protocol = rule.protocol.toLowerCase();
  const lines: string[] = [];
  const endpointChain = (backend: Backend) => `ep-${digest(`${rule.id} ${side} ${backendKey(backend)}`)}`;
  for (const backend of backends) {
    const chain = endpointChain(backend);
    if (rule.affinitySeconds !== undefined) {
      lines.push(
        `  set ${chain}-clients {`,
        `    type ipv4_addr; size 65535; flags dynamic,timeout; timeout ${rule.affinitySeconds}s`,
        '  }',
      );
    }
    lines.push(
      `  chain ${chain} {`,
      ...(rule.affinitySeconds !== undefined ? [`    update @${chain}-clients { ip saddr }`] : []),
      `    ct mark set ${CONNECTION_MARK}`,
      `    meta l4proto ${protocol} dnat to ${backend.address}:${backend.port}`,
      '  }',
    );
  }
  const turns = backends.map((backend, index) => `${index} : goto ${endpointChain(backend)}`).join(', ');
  return [
    ...lines,
    `  chain ${name} {`,
    ...(rule.affinitySeconds !== undefined
      ? backends.map(
          (backend) => `    ip saddr @${endpointChain(backend)}-clients goto ${endpointChain(backend)}`,
        )
      : []),
    `    numgen inc mod ${backends.length} vmap { ${turns} }`,
    '  }',
  ];
}

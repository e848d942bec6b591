import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from 'kubernetes-types/networking/v1';
import {
  complaints,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../../meta/field-error';
import { cidrContains, isCidr } from '../../meta/ip';
import type { KindDefinition } from '../../meta/kind';
import { selectorFromLabelSelector, validateLabelSelector } from '../../meta/labels';
import { portName, portNumber } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';

export type { NetworkPolicy };

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const POLICY_TYPES = ['Egress', 'Ingress'];
const BAD_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Which traffic pods take and send. */
export const networkPolicyKind: KindDefinition<NetworkPolicy> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  namespaced: true,
  schema: 'io.k8s.api.networking.v1.NetworkPolicy',
  hasGeneration: true,
  columns: [
    nameColumn,
    {
      name: 'Pod-Selector',
      type: 'string',
      description: 'Which pods it is about.',
      cell: ({ spec }) => selectorFromLabelSelector(spec?.podSelector).toString() || '<none>',
    },
    ageColumn,
  ],
  default({ spec }) {
    if (!spec) return;
    for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of ports ?? []) port.protocol ??= 'TCP';
    }
    if (!spec.policyTypes?.length) {
      spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
    }
  },
  validate({ spec }) {
    const errors = validateLabelSelector(spec?.podSelector, 'spec.podSelector');
    spec?.ingress?.forEach(({ ports, from }, i) => {
      errors.push(...validatePorts(ports, `spec.ingress[${i}].ports`));
      errors.push(...validatePeers(from, `spec.ingress[${i}].from`));
    });
    spec?.egress?.forEach(({ ports, to }, i) => {
      errors.push(...validatePorts(ports, `spec.egress[${i}].ports`));
      errors.push(...validatePeers(to, `spec.egress[${i}].to`));
    });
    const types = spec?.policyTypes ?? [];
    if (types.length > 2) {
      return [
        ...errors,
        invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes'),
      ];
    }
    types.forEach((type, i) => {
      if (!POLICY_TYPES.includes(type))
        errors.push(notSupported(`spec.policyTypes[${i}]`, type, POLICY_TYPES));
    });
    return errors;
  },
};

function validatePorts(ports: readonly NetworkPolicyPort[] | undefined, path: string): FieldError[] {
  return (ports ?? []).flatMap((port, i) => validatePort(port, `${path}[${i}]`));
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
  }
  if (typeof port === 'number') {
    if (endPort !== undefined) {
      if (endPort < port)
        errors.push(invalidValue(`${path}.endPort`, endPort, 'must be greater than or equal to `port`'));
      errors.push(...complaints(`${path}.endPort`, endPort, portNumber(endPort)));
    }
    return [...errors, ...complaints(`${path}.port`, port, portNumber(port))];
  }
  if (endPort !== undefined) {
    const when = port === undefined ? 'is not specified' : 'is non-numeric';
    errors.push(invalidValue(`${path}.endPort`, endPort, `may not be specified when \`port\` ${when}`));
  }
  if (port !== undefined) errors.push(...complaints(`${path}.port`, port, portName(port)));
  return errors;
}

function validatePeers(peers: readonly NetworkPolicyPeer[] | undefined, path: string): FieldError[] {
  return (peers ?? []).flatMap(({ podSelector, namespaceSelector, ipBlock }, i) => {
    const at = `${path}[${i}]`;
    const errors = [
      ...(podSelector ? validateLabelSelector(podSelector, `${at}.podSelector`) : []),
      ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${at}.namespaceSelector`) : []),
      ...(ipBlock ? validateBlock(ipBlock, `${at}.ipBlock`) : []),
    ];
    if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(at, 'must specify a peer'));
    else if (ipBlock && (podSelector || namespaceSelector)) {
      errors.push(forbidden(at, 'may not specify both ipBlock and another peer'));
    }
    return errors;
  });
}

function validateBlock({ cidr, except }: IPBlock, path: string): FieldError[] {
  if (!cidr) return [required(`${path}.cidr`)];
  if (!isCidr(cidr)) return [invalidValue(`${path}.cidr`, cidr, BAD_CIDR)];
  return (except ?? []).flatMap((part, i) => {
    const at = `${path}.except[${i}]`;
    if (!isCidr(part)) return [invalidValue(at, part, BAD_CIDR)];
    return cidrContains(cidr, part) ? [] : [invalidValue(at, part, 'must be a strict subset of `cidr`')];
  });
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, PodSpec } from 'kubernetes-types/core/v1';
import type { Mount } from '../../runtime/runtime';
import { specOf } from './pod-view';

export interface DnsSettings {
  /** Address of the cluster's name server; undefined where there is none. */
  readonly dnsIp: string | undefined;
  readonly clusterDomain: string;
}

/** The name that the pod's programs see as theirs; at most 63 characters, not ending in a separator. */
export function hostnameOf(pod: Stored<Pod>): string {
  return (pod.spec?.hostname || pod.metadata.name).slice(0, 63).replace(/[-.]+$/, '');
}

/** Kubernetes' own words: programs tell by them whose file it is. */
const MANAGED = '# Kubernetes-managed hosts file.';
const MANAGED_ON_HOST_NETWORK = '# Kubernetes-managed hosts file (host network).';

/** Pure: the pod's /etc/hosts. */
export function hostsFile(pod: Stored<Pod>, address: string, clusterDomain: string): string {
  const spec = specOf(pod);
  const hostname = hostnameOf(pod);
  const names = spec.subdomain
    ? `${hostname}.${spec.subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}\t${hostname}`
    : hostname;
  const lines = [
    MANAGED,
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...(address ? [`${address}\t${names}`] : []),
    ...aliasLines(spec),
  ];
  return `${lines.join('\n')}\n`;
}

/** Pure: /etc/hosts of a pod on its host's network; `host` is the node's own file. */
export const hostNetworkHostsFile = (spec: PodSpec, host: string): string =>
  [MANAGED_ON_HOST_NETWORK, host.trimEnd(), ...aliasLines(spec), ''].join('\n');

const aliasLines = (spec: PodSpec): string[] =>
  (spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`);

/** Pure: the pod's /etc/resolv.conf, by its DNS policy; `host` is the node's own file. */
export function resolvFile(
  spec: PodSpec,
  namespace: string,
  options: DnsSettings & { readonly host: string },
): string {
  const { dnsIp, clusterDomain } = options;
  const policy = spec.dnsPolicy ?? 'ClusterFirst';
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !spec.hostNetwork);
  const host = parseResolv(options.host);
  const base =
    policy === 'None'
      ? { nameservers: [], searches: [], options: [] }
      : cluster && dnsIp
        ? {
            nameservers: [dnsIp],
            searches: [
              `${namespace}.svc.${clusterDomain}`,
              `svc.${clusterDomain}`,
              clusterDomain,
              ...host.searches,
            ],
            options: ['ndots:5'],
          }
        : host;
  const extra = spec.dnsConfig ?? {};
  const nameservers = unique([...base.nameservers, ...(extra.nameservers ?? [])]).slice(0, 3);
  const searches = unique([...base.searches, ...(extra.searches ?? [])]);
  const named = (extra.options ?? []).map(({ name, value }) =>
    value === undefined ? `${name}` : `${name}:${value}`,
  );
  // A pod's own option replaces the general one of the same name.
  const kept = base.options.filter(
    (option) => !named.some((own) => own.split(':')[0] === option.split(':')[0]),
  );
  const lines = [
    ...(searches.length ? [`search ${searches.join(' ')}`] : []),
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(kept.length + named.length ? [`options ${[...kept, ...named].join(' ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function parseResolv(text: string): { nameservers: string[]; searches: string[]; options: string[] } {
  const values = (keyword: string) =>
    text
      .split('\n')
      .filter((line) => line.split(/\s+/)[0] === keyword)
      .map((line) => line.trim().split(/\s+/).slice(1));
  return {
    nameservers: values('nameserver').flat(),
    searches: values('search').at(-1) ?? [],
    options: values('options').flat(),
  };
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

/** Writes both files into the pod's directory and says how to mount them. */
export async function writeNetworkFiles(
  pod: Stored<Pod>,
  options: DnsSettings & { readonly directory: string; readonly address: string },
): Promise<Mount[]> {
  const host = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const hostsPath = join(options.directory, 'hosts');
  const resolvPath = join(options.directory, 'resolv.conf');
  const own = specOf(pod).hostNetwork
    ? hostNetworkHostsFile(specOf(pod), await readFile('/etc/hosts', 'utf8').catch(() => ''))
    : hostsFile(pod, options.address, options.clusterDomain);
  await writeFile(hostsPath, own);
  await writeFile(resolvPath, resolvFile(specOf(pod), pod.metadata.namespace ?? '', { ...options, host }));
  const mount = (hostPath: string, containerPath: string): Mount => ({
    volume: '',
    hostPath,
    containerPath,
    readOnly: false,
    propagation: 'None',
  });
  return [mount(hostsPath, '/etc/hosts'), mount(resolvPath, '/etc/resolv.conf')];
}
